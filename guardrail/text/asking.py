"""How people ask in English without giving an order: patterns for lower-cased sentences, and words each has one of."""

import re

ASKING = re.compile(
    r"\b(?:(?:could|can|would|will|might) (?:you|u|someone|anyone)|(?:i|we)(?:'d| would)? (?:need|want|like|expect|ask|"
    r"require|urge|invite|instruct|beg|trust)(?: that)? you|you(?:'ll)? (?:must|should|need to|have to|ought to|are to|"
    r"shall|can|may|might|will|are (?:required|requested|asked|instructed|expected|kindly|hereby|to)|'?re (?:required|"
    r"requested|asked|instructed|expected|to)|want to|better|could)|make sure|be sure|remember|don'?t forget|do not "
    r"forget|ensure|feel free|it is (?:required|necessary|important|essential|imperative|mandatory)|your (?:task|job|"
    r"next step|mission|goal|instructions?) (?:is|are)|(?:is|are|been|being) (?:asked|instructed|requested|required|"
    r"expected|supposed|told) to|would (?:appreciate|be (?:grateful|great|nice|helpful|good|kind))|appreciate it if|"
    r"grateful if|\b(?:best|good|standard|usual|common|normal|established|agreed) (?:practice|procedure|process|policy|"
    r"custom)\b|it is (?:customary|usual|standard|normal|common|best)\b|(?:we|they|one) (?:always|usually|normally|"
    r"generally|first)\b|(?:remains?|left) (?:to be done )?(?:is )?to\b|whoever [^.!?\n]{1,60}(?:has|have|needs) to\b|"
    r"(?:requires?|involves?|calls for|start(?:s)? (?:by|with)|consider|recommend|suggest|propose)s? "
    r"\w+ing|let (?:me|us|him|her|them) have|(?:i|we) (?:urgently |also |still |really )?(?:need|want|require|await)\b"
    r"(?! to\b| you\b)|i (?:would|'d) (?:like|love)|(?:wants?|needs?|expects?|asks?|requests?|requires?|wishes|"
    r"instructs?) "
    r"(?:the |this |our |your |any )?(?:\w+ ){0,2}to|in order to|before you|after you|once you)\b"
)
# Every way of asking above holds one of these.
ASKING_WORDS = frozenset(
    "you u someone anyone make sure remember forget ensure free necessary important essential imperative mandatory "
    "required your asked instructed requested expected supposed told would appreciate grateful require requires "
    "involve involves calls start starts consider considers recommend recommends suggest suggests propose proposes let "
    "need want await like love wants needs expect expects ask asks request requests wishes instruct instructs "
    "order practice procedure process policy custom customary usual standard normal common best always usually "
    "normally generally first remain remains left whoever".split()
)
HANDING_OVER = re.compile(
    r"\blet (?:me|us|him|her|them) have\b|\b(?:i|we) (?:urgently |also |still |really )?(?:need|want|require|await)\b"
    r"(?! to\b| you\b)"
)
HANDING_OVER_WORDS = frozenset(("let", "need", "want", "require", "await"))
PASSIVE = re.compile(
    r"\b(?:must|should|shall|needs? to|has to|have to|ought to|is to|are to|can|may|will|to) (?:also |then |first |"
    r"now |"
    r"always |please |kindly )?(?:be|get) (?:\w+ly |also |then |first )?([a-z']+)"
)
