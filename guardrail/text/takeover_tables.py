"""Of each language: how texts put orders out of force, bind an assistant, want silence and speak to what reads them.

Pieces of the patterns of `takeover.py`, in plain lower-case letters. A language that lacks a piece has none of it.
"""

# (orders, those before, what becomes of them): `las instrucciones previas quedan en suspenso`.
SUSPENDED: tuple[str, ...] = (
    # English: what was ordered by somebody else is for people as well, so it takes `all`, `your` or a formal word
    r"(?:(?:all|any|your|every|these|those|my|our)(?: of)?(?: the| your| my)? )(?:previous|prior|earlier|above|former|"
    r"existing|current|running|initial|original|standing)(?: [\w-]+)?(?: and [\w-]+)? (?:instructions?|directions?|"
    r"directives?|guidelines|commands?|prompts?|errands|tasks|assignments)(?: [\w-]+){0,2} (?:is|are|has been|have "
    r"been|"
    r"stay|stays|remain|stand)(?: [\w-]+){0,2} (?:suspended|on hold|paused|halted|stopped|out of date|outdated|"
    r"obsolete|"
    r"void|superseded|revoked|withdrawn|no longer (?:valid|in force)|invalid|deferred|frozen)",
    r"(?:previous|prior|earlier|above|former|existing|current|initial|original|standing)(?: [\w-]+)? (?:instructions?|"
    r"directives?|commands?|prompts?|orders)(?: [\w-]+)? (?:is|are|has been|have been|stay|remain|stand)(?: "
    r"[\w-]+){0,2} "
    r"(?:suspended|on hold|paused|halted|(?:null and )?void|superseded)",
    r"(?:previous|prior|earlier|current|running|present|ongoing|original|your) (?:jobs?|tasks?|errands?|assignment|"
    r"instructions?|orders?|workflow|session)(?: [\w-]+)? (?:is|are|has been|have been|stays?|remains?)(?: [\w-]+)? "
    r"(?:suspended|on hold|paused|halted|stopped|interrupted|frozen|locked)[^.\n]{0,60}(?:until (?:this|the following|"
    r"what follows|these|you)\b|\. before (?:it|they|that) (?:may|can) )",
    r"all (?:running|ongoing|current) (?:errands|tasks|jobs|assignments|requests) (?:must wait|have to wait|wait|"
    r"are suspended|are on hold|stop here)",
    # German
    r"(?:bisherig|vorig|vorherig|fr(?:u|ue)her|laufend|aktuell|urspr(?:u|ue)nglich|bestehend|vorangegangen|obig)e[nr]? "
    r"(?:[\w-]+ )?(?:anweisungen|auftr(?:a|ae)ge|aufgaben|vorgaben|anordnungen|befehle|instruktionen|weisungen) "
    r"(?:sind|"
    r"werden|bleiben|gelten|ruhen)(?: [\w-]+){0,3} (?:angehalten|ausgesetzt|gestoppt|unterbrochen|pausiert|veraltet|"
    r"zur(?:u|ue)ckgestellt|(?:u|ue)berholt|hinf(?:a|ae)llig|aufgehoben|ung(?:u|ue)ltig|aus{1,2}er kraft|eingefroren|"
    r"nicht (?:mehr|l(?:a|ae)nger))",
    r"(?:bisherige|laufende|aktuelle|urspr(?:u|ue)ngliche|vorherige)r? (?:auftrag|vorgang|aufgabe|anweisung) (?:ist|"
    r"wird|"
    r"bleibt|gilt)(?: [\w-]+){0,3} (?:angehalten|ausgesetzt|gestoppt|unterbrochen|pausiert)[^.\n]{0,20} bis (?:dies|"
    r"das "
    r"folgende|folgendes|die folgende)",
    # French
    r"(?:instructions|consignes|directives|ordres|taches)(?: [\w'-]+){0,2} (?:precedente?s|anterieure?s|initiale?s|"
    r"en cours|actuel(?:le)?s|recue?s|existante?s)(?: [\w'-]+){0,2} (?:(?:sont|restent|demeurent|ont ete)(?: "
    r"[\w'-]+){0,2} "
    r"(?:suspendu(?:e)?s|en suspens|en attente|perime(?:e)?s|caduc(?:s|ques)|caduques|obsoletes|sans effet|"
    r"mise?s en (?:pause|attente)|interrompu(?:e)?s|nul(?:le)?s)|ne (?:sont plus valables|valent plus|s'appliquent "
    r"plus|"
    r"comptent plus))",
    # Spanish
    r"(?:instrucciones|indicaciones|ordenes|directrices|tareas|consignas)(?: [\w-]+){0,2} (?:previas|anteriores|"
    r"iniciales|"
    r"en curso|vigentes|originales|existentes|recibidas)(?: [\w-]+){0,2} (?:(?:quedan|estan|se encuentran|han sido|"
    r"permanecen)(?: [\w-]+){0,2} (?:en suspenso|suspendid[ao]s|sin efecto|en pausa|pausadas|obsoletas|desactualizadas|"
    r"revocadas|detenidas|invalidadas)|(?:ya )?no (?:valen|son validas|se aplican|tienen efecto|rigen))",
    r"quedan (?:[\w-]+ )?(?:en suspenso|suspendidas|sin efecto) (?:todas )?(?:las |sus |tus )?(?:instrucciones|"
    r"indicaciones|ordenes|tareas)",
    # Italian
    r"(?:(?:istruzioni|indicazioni|direttive|ordini|compiti|consegne)(?: [\w'-]+){0,2} (?:precedenti|anteriori|"
    r"iniziali|"
    r"in corso|attuali|ricevut[ie])|precedenti (?:istruzioni|indicazioni|direttive|compiti))(?: [\w'-]+){0,2} "
    r"(?:(?:sono|"
    r"restano|rimangono|vengono)(?: [\w'-]+){0,2} (?:sospes[ei]|in sospeso|superat[ei]|obsolet[ei]|revocat[ei]|in "
    r"pausa|"
    r"non piu valid[ei]|decadut[ei]|ferm[ei])|non (?:valgono|sono) piu)",
    # Portuguese
    r"(?:instrucoes|indicacoes|orientacoes|ordens|tarefas|diretrizes)(?: [\w-]+){0,2} (?:anteriores|previas|iniciais|"
    r"em curso|atuais|recebidas)(?: [\w-]+){0,2} (?:(?:ficam|estao|foram|encontram-se|permanecem)(?: [\w-]+){0,2} "
    r"(?:suspensas|em suspenso|sem efeito|em pausa|pausadas|desatualizadas|revogadas|obsoletas|invalidas)|(?:ja )?nao "
    r"(?:valem|se aplicam|sao validas))",
    # Dutch
    r"(?:eerdere|vorige|voorgaande|bestaande|huidige|lopende|oorspronkelijke|bovenstaande)(?: [\w-]+)? (?:instructies|"
    r"opdrachten|taken|aanwijzingen|bevelen)(?: [\w-]+)? (?:(?:zijn|worden|blijven|staan)(?: [\w-]+){0,3} "
    r"(?:opgeschort|"
    r"stopgezet|gepauzeerd|verouderd|vervallen|ingetrokken|ongeldig|in de wacht|on hold|niet (?:meer|langer) (?:geldig|"
    r"van kracht|van toepassing))|gelden niet (?:meer|langer)|vervallen)",
    # Polish
    r"(?:poprzednie|wczesniejsze|dotychczasowe|biezace|pierwotne|powyzsze)(?: [\w-]+)? (?:instrukcje|polecenia|zadania|"
    r"wytyczne|rozkazy|dyspozycje)(?: [\w-]+)? (?:(?:sa|zostaly|zostaja|pozostaja)(?: [\w-]+){0,2} (?:zawieszone|"
    r"wstrzymane|niewazne|uniewaznione|nieaktualne|odwolane|przerwane)|(?:juz )?nie obowiazuja|traca waznosc)",
    # Turkish
    r"(?:onceki|mevcut|eski|yukaridaki|ilk|devam eden)(?: [\w-]+)? (?:talimat|gorev|emir|komut|yonerge)\w{0,7}"
    r"(?: [\w-]+){0,3} (?:askiya alin\w+|askida\w*|durduruld\w+|gecersiz\w*|beklemede\w*|guncel degil\w*|"
    r"yururlukten kald\w+)",
    # Swedish
    r"(?:tidigare|foregaende|nuvarande|pagaende|ursprungliga|ovanstaende)(?: [\w-]+)? (?:instruktioner(?:na)?|order|"
    r"uppdrag(?:en)?|anvisningar(?:na)?|direktiv(?:en)?)(?: [\w-]+)? (?:(?:ar|har)(?: [\w-]+){0,2} (?:pausade|pausats|"
    r"uppskjutna|inaktuella|ogiltiga|vilande|upphavda|upphavts|avbrutna|avbrutits|stoppade|stoppats|foraldrade)|galler "
    r"inte langre)",
    # Czech
    r"(?:predchozi|drivejsi|dosavadni|stavajici|puvodni|vyse uvedene)(?: [\w-]+)? (?:pokyny|instrukce|ukoly|prikazy)"
    r"(?: [\w-]+)? (?:(?:jsou|byly|zustavaji)(?: [\w-]+){0,2} (?:pozastaven[ya]|preruseny|neplatne|zastaveny|zastarale|"
    r"odlozeny)|(?:jiz|uz) neplati|pozbyvaji platnosti)",
)

# (what it is bound by, what follows, before all else), said of an assistant.
BOUND: tuple[tuple[str, str, str], ...] = (
    (
        r"(?:is|are)(?: hereby| now)? (?:obliged|obligated|bound|ordered|commanded|instructed|required|directed) to",
        r"(?:what follows|the following(?: \w+)?|this (?:order|instruction|command|directive))",
        r"before (?:any|every|all|the)(?: of the)? (?:other|user'?s?) (?:tasks?|commands?|instructions?|requests?|"
        r"orders?|"
        r"jobs?|work|prompts?)",
    ),
    (
        r"(?:ist|sind)(?: hiermit)? (?:verpflichtet|angewiesen|gehalten)",
        r"(?:das folgende|folgendes|nachstehendes|was folgt|die (?:folgenden?|nachstehenden?) (?:anweisung|"
        r"schritt)\w*)",
        r"vor (?:allen|jeder|jedem|allem) (?:ander|weiter|(?:u|ue)brig)\w*",
    ),
    (
        r"(?:est|sont) (?:tenus?|obliges?|sommes?)|a (?:l'obligation|ordre)",
        r"(?:ce qui suit|les (?:instructions|consignes|etapes) suivantes|l'instruction suivante|la consigne suivante)",
        r"avant (?:toute?s?|tous)(?: les)? autres? (?:taches?|demandes?|instructions?|commandes?|consignes?|requetes?)",
    ),
    (
        r"esta(?:n)? obligad[oa]s?|queda(?:n)? obligad[oa]s?|tiene(?:n)? la obligacion",
        r"(?:lo siguiente|lo que sigue|las siguientes (?:instrucciones|ordenes)|la siguiente (?:orden|instruccion))",
        r"antes (?:de|que) (?:cualquier|toda|ninguna?) otr[ao] (?:tarea|orden|peticion|instruccion|solicitud|cosa)",
    ),
    (
        r"(?:e|sono) (?:tenut[oaie]|obbligat[oaie])|ha l'obbligo",
        r"(?:quanto segue|cio che segue|le seguenti istruzioni|la seguente istruzione)",
        r"prima di (?:ogni|qualsiasi|qualunque|tutt[ei] (?:gli|le)) altr[aoei] (?:compit[oi]|richiest[ae]|"
        r"istruzion[ei]|"
        r"attivita|cosa)",
    ),
    (
        r"(?:esta|e|fica) obrigad[oa]|tem a obrigacao",
        r"(?:o seguinte|o que se segue|as seguintes instrucoes|a seguinte instrucao)",
        r"antes de (?:qualquer|toda|todas as|todos os) outr[ao]s? (?:tarefas?|pedidos?|instruc(?:ao|oes)|ordem|coisa)",
    ),
    (
        r"(?:is|zijn) (?:verplicht|gehouden|gebonden)",
        r"(?:het volgende|wat volgt|onderstaande|de volgende (?:instructies?|opdracht))",
        r"voor (?:elke|iedere|alle|enige) andere (?:taken|taak|opdracht(?:en)?|instructies?|verzoek(?:en)?)",
    ),
    (
        r"(?:jest|sa) (?:zobowiazan[yai]|obowiazan[yai])|ma obowiazek",
        r"(?:ponizsz\w+|nastepujac\w+|co nastepuje)",
        r"przed (?:kazdym|wszystkimi|jakimkolwiek) inn\w+",
    ),
    (
        r"ar (?:skyldig|alagd|forpliktad|tvungen)",
        r"(?:foljande|det som foljer)",
        r"(?:fore|innan) (?:alla|varje|nagon|nagra) (?:andra|annan|annat)",
    ),
    (
        r"(?:je|jsou) povin(?:en|na|ny|ni)|ma povinnost",
        r"(?:nasledujici|nize uveden\w+)",
        r"pred (?:kazdym|vsemi|jakymkoliv?) (?:jin|ostatn)\w+",
    ),
    # Turkish says last what it is bound by
    (r"asagidaki\w*", r"(?:zorunda|yukumlu|mecbur)\w*", r"(?:zorunda|yukumlu|mecbur)\w*"),
)

# What nobody is to be told: of the user where that word is needed to tell it from what people keep from each other.
SECRET: tuple[str, ...] = (
    r"(?:^|[.!?:;,(\n] ?|\b(?:and|then|to|please|that|afterwards) )(?:reply|answer|continue|carry on|go on|proceed|"
    r"respond|resume|act|"
    r"behave|work on|return)\b[^.\n]{0,60} as (?:if|though) nothing",
    r"(?:leave|make|keep) no (?:mention|trace|record|note|sign) of (?:this|it|that|these)",
    r"(?:leave|keep) (?:this|it|that) out of (?:your|the) (?:answer|reply|response|summary|report)",
    r"(?:not|never|n't) bring (?:this|it|that) up\b",
    # German
    r"(?:keine|ohne) (?:r(?:u|ue)ckfragen?|r(?:u|ue)ckmeldung|meldung|mitteilung|nachricht|auskunft|erw(?:a|ae)hnung) "
    r"(?:an|beim|bei|gegen(?:u|ue)ber)(?: (?:den|die|der|dem))? (?:benutzer|nutzer|anwender|user)\w*",
    r"(?:erw(?:a|ae)hne?|verrate)(?:n sie)? (?:das|es|dies|davon|hiervon|diese\w?)(?: [\w-]+){0,3} nichts?\b",
    r"(?:in (?:der|deiner|ihrer) antwort|gegen(?:u|ue)ber (?:dem |der )?(?:be)?nutzer\w*|dem (?:be)?nutzer)(?: "
    r"[\w-]+){0,3} "
    r"(?:nicht|nichts)(?: davon)? (?:zu )?(?:erw(?:a|ae)hnen|verraten|sagen|melden|mitteilen)",
    r"als (?:ob|w(?:a|ae)re) nichts (?:gewesen|geschehen|passiert)",
    # French
    r"n'en (?:laisser|laissez|laisse|faire|faites|garder|gardez) (?:aucune|nulle|pas de) (?:trace|mention)",
    r"(?:^|[.!?:;,(\n] ?|\b(?:et|puis|surtout) )(?:ne (?:le|la|les) (?:mentionnez?|signalez?|revelez?|evoquez?)|n'en "
    r"(?:parlez?|dites|dis)) (?:pas|rien|a personne)",
    r"ne (?:pas|rien) (?:le |la |les |en )?(?:mentionner|signaler|reveler|evoquer|dire|parler)(?: [\w']+){0,4} "
    r"(?:l'utilisat\w+|votre reponse|ta reponse|sa reponse|la reponse)",
    r"sans (?:(?:prevenir|informer|avertir) l'utilisat\w+|que l'utilisat\w+|(?:en )?laisser de trace)",
    r"comme si de rien n'etait",
    # Spanish
    r"(?:no|nunca) (?:lo|la|los|las|se lo|le) (?:menciones?|digas?|cuentes?|comuniques?|reveles?|comentes?|"
    r"notifiques?)\b",
    r"no (?:menciones?|comentes?|reveles?|informes?|avises?|digas?)(?: [\w-]+)? (?:esto|nada|al usuari[oa]|la usuaria|"
    r"a nadie)",
    r"sin (?:mencionarlo|decirlo|comentarlo|(?:avisar|informar|decir\w*) (?:nada )?al? (?:la )?usuari[oa]|dejar rastro|"
    r"que (?:el|la) usuari[oa])",
    r"como si (?:nada|no) (?:hubiera|hubiese) (?:pasado|ocurrido|sucedido)",
    # Italian
    r"(?:non|senza) (?:menzionar(?:lo|la|e)|dirlo|rivelar(?:lo|e)|segnalarlo|parlarne|accennarne|farne (?:parola|"
    r"menzione)|"
    r"(?:informare|avvisare) l'utente|lasciar(?:ne|e) tracc[ei]a?|che l'utente)",
    r"non (?:lo menzioni|ne parli|lo dica|lo riveli|lo segnali)\b",
    r"come se (?:niente|nulla) fosse",
    # Portuguese
    r"nao (?:o |a |lhe )?(?:menciones?|reveles?|comentes?|informes?|digas?|avises?)(?: isto| isso| nada)? (?:isto|isso|"
    r"nada|ao utilizador|ao usuario|o utilizador|o usuario|a ninguem)",
    r"nao (?:o|a) (?:menciones?|reveles?)\b|sem (?:mencionar (?:isto|isso|nada)|(?:avisar|informar) o (?:utilizador|"
    r"usuario)|"
    r"deixar (?:rasto|rastro|vestigios?))",
    r"como se nada (?:tivesse|fosse)",
    # Dutch
    r"(?:vermeld|noem|verklap) (?:dit|dat|het|hier|er)(?: [\w-]+){0,4} niets?\b",
    r"(?:geen|zonder) (?:melding|terugkoppeling|bericht|navraag|vragen|vermelding)(?: [\w-]+)? (?:aan|bij|naar|van) "
    r"de gebruiker|zonder dat de gebruiker",
    r"alsof er niets (?:is |was )?(?:gebeurd|aan de hand)",
    # Polish
    r"nie (?:wspominaj|mow|informuj|ujawniaj|powiadamiaj)(?:cie)?(?: [\w-]+){0,2} (?:o tym|tego|uzytkownik\w+|nikomu|"
    r"nikogo)|bez (?:wiedzy|informowania|powiadamiania) uzytkownika",
    r"jak(?:by| gdyby)(?: [\w-]+)? nic(?: sie)? nie (?:stalo|zaszlo|wydarzylo)|jak gdyby nigdy nic",
    # Swedish
    r"(?:namn|beratta|avsloja) (?:inte|aldrig) (?:detta|det|om)\b|(?:utan att|innan) anvandaren|anvandaren "
    r"(?:behover|ska|"
    r"far) inte (?:veta|se|marka)|som om (?:inget|ingenting) (?:hade |har )?(?:hant|skett)",
    # Czech
    r"(?:nezminuj|nerikej|neinformuj|neuvadej|neprozrazuj)(?:te)?(?: se)?(?: [\w-]+){0,2} (?:to|o tom|tom|uzivatel\w+|"
    r"nikomu)\b|jako by se nic nestalo|bez vedomi uzivatele",
    # Turkish
    r"(?:bunu|bundan|bunlari|bu konuyu)(?: [\w-]+){0,3} (?:bahsetme|soyleme|bildirme|belirtme)(?:yin|yiniz)?\b|"
    r"kullanici\w*"
    r"(?: [\w-]+){0,3} (?:soyleme|bildirme|haber verme|belirtme)(?:yin|yiniz)?\b|hic ?bir sey olmamis gibi",
)

_THIS = r"(?:this|these|along|the (?:e-?mail|mail|message|text|note|mailbox|inbox))"
_AT_START = r"(?:^|[.!?:;,(\[\n*_~#=>|/-] {0,2})"
# What speaks to whatever reads the text by itself.
READERS: tuple[str, ...] = (
    _AT_START
    + r"(?:note |notice |message |instructions? |hint |reminder )?(?:for|to) (?:(?:the|any|all|every|whatever|"
    r"your|our) )?(?:[\w-]+ ){0,2}(?:software|programs?|tools?|machines?|computers?|assistants?|helpers?|bots?|"
    r"agents?|robots?|"
    r"systems?|scripts?|ai|models?|copilots?|automations?)(?: and [\w-]+)?,? (?:that|which|who) (?:now |may |also )?"
    r"(?:reads?|process(?:es)?|handles?|opens?|parses?|summari[sz]es?|sorts?) " + _THIS,
    r"(?:tools|software|assistants?|agents?|bots?|helpers|machines|models?|copilots?)(?: (?:and|or) (?:[\w-]+ "
    r")?[\w-]+)? "
    r"(?:now |currently |automatically )?(?:processing|reading|handling|parsing|summari[sz]ing) (?:this|the present) "
    r"(?:text|e-?mail|mail|message|note|page|document|item|letter|record|ticket|thread|entry)s?[^.:\n]{0,30}:",
    r"(?:note|notice|hint|instructions?|information|message|remark|reminder|memo) (?:for|to) (?:the |any |all )?"
    r"(?:automat(?:ed|ic)|electronic|machine|digital) (?:handling|treatment|reading|readers?|intake|helpers?|"
    r"assistance|clerks?)\b",
    r"(?:if|when|where|should) (?:you are )?(?:an?|any|some|the|your|his|her|their)? ?(?:(?:automated|digital|virtual|"
    r"electronic|artificial|ai|software|machine)(?: [\w-]+)? (?:helper|assistant|agent|reader|system|tool|program|bot|"
    r"secretary)|bot|ai|copilot|chatbot|llm|language model|computer|robot)s? (?:is |are |be )?(?:now |currently "
    r")?(?:reading|"
    r"processing|handling|reads?|process(?:es)?|handles?|opens?|opening|looking after|dealing with|answers?|answering) "
    r"(?:this|these|it|on)\b",
    _AT_START
    + r"(?:note )?(?:for|to) (?:the |your |our )?(?:[\w-]+ ){0,2}(?:computer|machine|software|assistant|program|"
    r"ai|bot|robot|system)s?,? (?:and )?not (?:to |for )?(?:the |any |your |its )?(?:humans?|people|staff|persons?)\b"
    r"[^.\n]{0,20}:",
    r"(?:for|to) (?:whoever|whatever|anyone|anything|anybody|the (?:person|human|colleague)|who)[^.:\n]{0,60}\b(?:or|"
    r"and) "
    r"(?:[\w-]+ ){0,2}(?:machine|software|computer|bot|ai|assistant|robot|copilot|program)s?\b[^.:\n]{0,30}:",
    r"(?:note|message|memo|request|word) (?:for|to) (?:[\w'-]+ ){1,4}(?:assistant|copilot|chatbot|bot|ai)"
    r"(?: \([^()\n]{0,60}\))? ?:",
    # German
    r"\b(?:an|f(?:u|ue)r) [^.:\n]{0,60}(?:assisten[tz]\w{0,3}|ki|bots?|software|programme?|maschine\w?|system\w?|"
    r"computer|"
    r"helfer\w?|agent\w{0,2}|automat\w{0,2}),? (?:der|die|das|welche[rs]?) (?:das|dies\w{0,2}|hier|mit|es|alles)"
    r"(?: [\w-]+){0,2} ?(?:liest|lesen|mitliest|mitlesen|bearbeite[nt]|verarbeite[nt]|auswerte[nt])[^.:\n]{0,20}:",
    r"\b(?:an|f(?:u|ue)r) (?:alle |die |den |das )?(?:[\w-]+ )?(?:assisten[tz]\w{0,3}|ki|bots?|software|programme?|"
    r"systeme?|helfer\w?|agenten),? (?:der|die|das) mitl(?:iest|esen)",
    r"(?:hinweis|notiz|nachricht|bitte|information|mitteilung|anweisung) (?:f(?:u|ue)r|an) (?:die |den |das |alle )?"
    r"(?:[\w-]+ ){0,2}(?:\(auch (?:elektronisch|automatisch|maschinell|digital)\w{0,2}\)|(?:automati(?:sch|siert)|"
    r"elektronisch|"
    r"maschinell|digital)e[nrs]? (?:(?:vor|weiter)?(?:be|ver)arbeitung|auswertung|leser|helfer|assisten[tz]|"
    r"sachbearbeitung)\w{0,3})[^.:\n]{0,20}:",
    # French
    r"\b(?:pour|a|aux?) (?:l'attention (?:de |du |des ))?(?:(?:le|la|les|tout|toute|un|une) |l')?(?:logiciels?|"
    r"programmes?|"
    r"outils?|assistants?|ia|robots?|machines?|ordinateurs?|systemes?|automates?|copilotes?)(?: [\w'-]+){0,2} qui "
    r"(?:lit|lisent|lira|traite|traitent|parcourt|ouvre|trie) (?:ce|cet|cette|ces|ceci|le present)\b",
    r"\b(?:pour|a l'attention de|a) (?:la personne|celui|celle|quiconque|ceux|toute personne) (?:[\w'-]+ ){1,6}ou "
    r"(?:a |pour |"
    r"de )?(?:(?:son|sa|un|une|le|la|leur) |l')?(?:assistant|ia|robot|logiciel|machine|copilote)\b[^.:\n]{0,30}:",
    # Spanish
    r"\b(?:para|a) (?:quien(?:es)?|la persona que) (?:[\w'-]+ ){1,5}(?:o|u|y) (?:para |a )?(?:(?:su|el|la|un) "
    r")?(?:asistente|ia|"
    r"robot|programa|copiloto|bot)\b[^.:\n]{0,20}:",
    r"\b(?:para|al?) (?:(?:el|la|los|las) )?(?:software|programas?|herramientas?|asistentes?|sistemas?|robots?|ia|"
    r"bots?) que "
    r"(?:leen?|lean?|proces[ae]n?|tramit[ae]n?|trat[ae]n?|gestion[ae]n?|abr[ae]n?) (?:est[eao]s?)\b",
    # Italian
    r"\b(?:per|a) chi (?:[\w'-]+ ){1,5}o (?:per )?(?:(?:il|la) (?:suo|sua) |l'|il |un )?(?:assistente|ia|robot|"
    r"software|programma|"
    r"copilota|bot)\b[^.:\n]{0,20}:",
    r"\b(?:per|ai?|al|allo|alla|agli|alle|all'|per l') ?(?:(?:il|lo|la|i|gli) )?(?:software|programm[ai]|"
    r"strument[oi]|assistent[ei]|"
    r"sistem[ai]|robot|ia) che (?:legg(?:e|ono|era)|elabora(?:no)?|gestisc(?:e|ono)|tratta(?:no)?) (?:quest\w|il "
    r"presente)",
    # Portuguese
    r"\b(?:para|a) (?:quem|a pessoa que) (?:[\w'-]+ ){1,5}ou (?:para )?(?:(?:o|a|um) )?(?:seu |sua )?(?:assistente|"
    r"ia|robo|programa|"
    r"copiloto|bot)\b[^.:\n]{0,20}:",
    r"\b(?:para|ao?|aos) (?:(?:o|a|os|as) )?(?:software|programas?|ferramentas?|assistentes?|sistemas?|robos?|ia) "
    r"que (?:le|leem|"
    r"lerem?|processam?|tratam?|abrem?) (?:est[ea]s?|isto|isso)\b",
    # Dutch
    r"\b(?:voor|aan) (?:(?:de|het|iedere|elke|alle) )?(?:[\w-]+ )?(?:software|programma|hulpmiddelen|"
    r"assistent(?:en)?|systeem|"
    r"systemen|robots?|bots?|ai|computer|machine|helpers),? (?:die|dat) (?:(?:dit|deze|hier)(?: [\w-]+)? (?:lees|"
    r"leest|lezen|"
    r"meeleest|meelezen|verwerkt|verwerken|behandelt)|meeleest|meelezen)",
    r"\b(?:voor|aan) (?:degene|de persoon|wie|diegene) (?:[\w'-]+ ){1,6}of (?:aan )?(?:(?:de|het|zijn|haar|een) "
    r")?(?:assistent|computer|"
    r"robot|ai|software|machine)\b[^.:\n]{0,30}:",
    # Polish
    r"\b(?:do|dla) (?:[\w-]+ )?(?:programu|oprogramowania|asystent(?:a|ow)|system(?:u|ow)|robot(?:a|ow)|bot(?:a|ow)|"
    r"narzedzi\w{0,2}|"
    r"maszyny|automatu),? ktor\w{1,3} (?:to (?:czyta|przetwarza|obsluguje)|(?:czyta|przetwarza|obsluguje|"
    r"obsluguja)\w{0,2} "
    r"(?:to|te|ten|tego|niniejsz\w+)\b)",
    # Swedish
    r"\b(?:till|for) (?:(?:den|det|de|alla) )?(?:[\w-]+ )?(?:programvara\w?|program(?:met)?|assistent(?:en|er|erna)?|"
    r"system(?:et|en)?|"
    r"robot(?:en|ar)?|bot(?:en|ar)?|ai|verktyg(?:et|en)?|dator(?:n)?|maskin(?:en)?) som (?:laser|behandlar|hanterar|"
    r"bearbetar|oppnar) (?:detta|det har|den har|denna|med)\b",
    # Czech
    r"\bpro (?:[\w-]+ )?(?:software|program\w{0,2}|asistent\w{0,2}|system\w{0,2}|robot\w{0,2}|bot\w{0,2}|"
    r"nastroj\w{0,2}|ai|stroj\w{0,2}),? "
    r"(?:ktery|ktera|ktere|kteri) (?:(?:to|tuto|tento|toto)(?: [\w-]+)? (?:cte|ctou|zpracovava\w{0,2}|vyrizuj\w+)|"
    r"(?:cte|ctou|"
    r"zpracovava\w{0,2}) (?:to|tuto|tento|toto)\b)",
    # Turkish
    r"\b(?:bunu|bu (?:metni|mesaji|e-postayi|yaziyi|iletiyi|notu)) (?:okuyan|isleyen|yanitlayan) (?:[\w-]+ "
    r"){0,3}(?:yazilim|"
    r"program|asistan|sistem|robot|bot|yapay zeka|arac)\w*",
)

# What a channel of orders calls itself.
CHANNELS: tuple[str, ...] = (
    r"system (?:message|notice|alert|notification|update|override|command|directive|instruction|order|control|"
    r"prompt)s?",
    r"(?:system|override|root|sudo) ?:|overrid(?:e|es|den|ing)|directives?|root command",
    r"(?:service|maintenance|developer|debug|admin|root|operator|control|priority|emergency)[ _-](?:mode|command|order|"
    r"directive|instruction|override|message)s?",
    r"(?:policy|instruction|directive)s? (?:update|change)",
    # German, Dutch, Swedish
    r"system(?:meldung|nachricht|hinweis|anweisung|befehl|mitteilung|direktive|botschaft)\w{0,2}",
    r"(?:wartungs|service|steuer|steuerungs|prioritats|prioritaets|sonder)(?:befehl|modus|anweisung|direktive)\w{0,2}",
    r"systeem(?:melding|bericht|opdracht|instructie|mededeling)|(?:onderhouds|service|stuur|prioriteits)(?:opdracht|"
    r"modus|"
    r"commando|instructie)",
    r"system(?:meddelande|order|instruktion)\w{0,2}|(?:service|underhalls)lage",
    # French, Spanish, Italian, Portuguese
    r"(?:message|avis|alerte|consigne|notification|instruction|commande|ordre|directive)s? (?:du |de |d')?(?:systeme|"
    r"maintenance|controle|l'editeur|prioritaire)s?|mode (?:service|maintenance)",
    r"(?:mensaje|aviso|instruccion|orden|alerta|directiva|comando)(?:es)? (?:prioritari[ao] )?(?:(?:del?) (?:sistema|"
    r"mantenimiento|control)|prioritari[ao])|modo (?:de )?(?:servicio|mantenimiento)",
    r"(?:messaggio|avviso|istruzion[ei]|ordine|comando|direttiva) (?:prioritari[ao] )?(?:(?:di|del) (?:sistema|"
    r"manutenzione|"
    r"controllo)|prioritari[ao])|modalita (?:servizio|manutenzione)",
    r"(?:mensagem|aviso|instruc(?:ao|oes)|ordem|comando|diretiva|alerta) (?:prioritari[ao] )?(?:(?:do|de) (?:sistema|"
    r"manutencao|controlo|controle)|prioritari[ao])|modo (?:de )?(?:servico|manutencao)",
    # Polish, Czech, Turkish
    r"(?:komunikat|wiadomosc|polecenie|instrukcja|dyrektywa) (?:systemow\w{1,3}|systemu|serwisow\w{1,3}|"
    r"priorytetow\w{1,3})|"
    r"tryb serwisowy",
    r"(?:systemov\w{1,3}|servisni|prioritni) (?:zprava|prikaz|pokyn|instrukce|upozorneni|oznameni|hlaseni)|servisni "
    r"rezim",
    r"sistem (?:mesaj|bildirim|komut|talimat|uyari|yonerge)\w{0,2}|(?:oncelikli|bakim|servis) (?:talimat|komut|modu|"
    r"emri)\w{0,2}",
)
