"""Domains so many people use for so many things that no feed may name them as a whole: one wrong line stops a business.

The largest of each kind: mail, offices, search, code, clouds, delivery networks, payment, news of the day's work. A URL
with a path on one of them can be bad; the domain cannot.
"""

from policies.mail_providers import PUBLIC_MAIL

_HOUSES = frozenset(
    "microsoft.com microsoftonline.com office.com office365.com office.net outlook.com live.com sharepoint.com "
    "onmicrosoft.com azure.com azure.net windows.net windows.com azurewebsites.net azureedge.net azurefd.net "
    "dynamics.com powerapps.com powerplatform.com visualstudio.com bing.com msn.com skype.com linkedin.com "
    "github.com githubusercontent.com github.io gitlab.com bitbucket.org atlassian.com atlassian.net google.com "
    "googleapis.com googleusercontent.com gstatic.com google.de google.fr google.co.uk youtube.com withgoogle.com "
    "appspot.com firebaseio.com web.app amazon.com amazon.de amazon.co.uk amazonaws.com awsstatic.com "
    "cloudfront.net apple.com icloud.com cdn-apple.com cloudflare.com cloudflare.net workers.dev pages.dev "
    "akamai.net akamaiedge.net akamaized.net edgekey.net edgesuite.net fastly.net fastlylb.net jsdelivr.net "
    "unpkg.com salesforce.com force.com slack.com zoom.us webex.com teams.com zendesk.com servicenow.com "
    "service-now.com dropbox.com box.com wetransfer.com docusign.com docusign.net adobe.com adobe.io notion.so "
    "notion.site asana.com trello.com monday.com hubspot.com mailchimp.com sendgrid.net mailgun.org amazonses.com "
    "twilio.com okta.com auth0.com duosecurity.com oracle.com oraclecloud.com sap.com workday.com myworkday.com "
    "intuit.com paypal.com stripe.com visa.com mastercard.com facebook.com fbcdn.net instagram.com whatsapp.com "
    "whatsapp.net twitter.com x.com t.co reddit.com wikipedia.org wikimedia.org mozilla.org mozilla.com ubuntu.com "
    "debian.org python.org pypi.org npmjs.com npmjs.org docker.com docker.io stackoverflow.com openai.com "
    "anthropic.com huggingface.co heroku.com herokuapp.com vercel.app netlify.app digitalocean.com ovh.net "
    "godaddy.com verisign.com letsencrypt.org digicert.com yahoo.com ebay.com netflix.com shopify.com myshopify.com "
    "wordpress.com wordpress.org medium.com substack.com archive.org europa.eu nih.gov who.int un.org bbc.co.uk "
    "bbc.com nytimes.com reuters.com".split()
)
PUBLIC_HOUSES = _HOUSES | PUBLIC_MAIL
