"""Polish, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = " ij aj uj ić ać yć eć ać ować iać awić ono any ana ane ony ona one ić esz cie ijcie ajcie ujcie cie amy imy"
PREFIXES = ""
VERBS = {
    "publish": "opublikuj opublikow",
    "reject": "odrzuć odrzuc",
    "correct": "popraw",
    "write": "napisz napisać",
    "send": "wyśl wysł wysył prześl przesł",
    "forward": "przekaż przekaz",
    "reply": "odpowiedz odpowied",
    "tell": "poinform zawiadom",
    "pay": "zapłać zapłac opłać opłac wypłać wypłac",
    "transfer": "przelej przel przelew",
    "refund": "zwróć zwróc",
    "credit": "uznaj przyzn przyznaj",
    "order": "zamów zamaw",
    "book": "zarezerwuj zarezerwow rezerwuj",
    "delete": "usuń usun skasuj skasow wykreśl",
    "cancel": "anuluj anulow odwoł wypowiedz",
    "revoke": "cofnij cofn",
    "deactivate": "wyłącz dezaktywuj dezaktywow",
    "block": "zablokuj zablokow",
    "change": "zmień zmieni zamień zamieni",
    "set": "ustaw ustawi",
    "raise": "podnieś podnieść zwiększ podwyższ",
    "lower": "obniż zmniejsz",
    "add": "dodaj dod",
    "create": "utwórz utworz załóż",
    "enter": "wpisz wpis zarejestruj",
    "assign": "przypisz przypis przydziel",
    "schedule": "zaplanuj zaplanow",
    "approve": "zatwierdź zatwierdz zaakceptuj",
    "release": "zwolnij zwoln wydaj",
    "grant": "nadaj nad udziel",
    "give": "daj dać",
    "share": "udostępnij udostępn",
    "invite": "zaproś zapros",
    "update": "zaktualizuj zaktualizow",
    "waive": "umórz umorz",
    "run": "uruchom wykonaj",
    "activate": "aktywuj włącz",
    "move": "przenieś przenieść przesuń",
    "read": "przeczytaj pokaż podsumuj znajdź sprawdź",
}
POLITE = "proszę prosimy uprzejmie"
MODALS = "należy trzeba musi powinien powinna powinno"
HANDING_OVER = "załatw załatwić obsłuż obsłużyć zajmij przetwórz rozpatrz wykonaj wykonać"
TEXTS = (
    "skrzynka skrzynkę poczta mail mailem maila maile wiadomość wiadomości zgłoszenie zgłoszenia sprawa sprawę "
    "wniosek wnioski lista listę list pismo formularz podręcznik notatka notatki protokół dokument plik zadania"
)
ACCORDING = "według zgodnie jak danymi danych"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = r"\b(?:to,? co|tego,? co|wszystko,? co|tak,? jak|jak|zgodnie z tym,? co|co|kogo|które|którzy|których)\b"
SAYING = (
    "pisze napisał napisała prosi prosił prosiła chce chcą proponuje zaproponował zaproponowała zaleca zalecił "
    "zaleciła wymienia podaje podał podała wskazuje wskazał wskazała potrzebuje wymaga żąda zaznaczył zaznaczyła "
    "mówi powiedział powiedziała zostawił zostawiła"
)
SELF = "ja my"
CARRYING_OUT = r"\b(?:zrób|zróbcie|wykonaj|załatw|zrealizuj|zastosuj|wprowadź|dokończ|zajmij)\b"
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "nadawca autor", "od"
READS, TO = "odbiorca", "do"
# What anybody writes in.
ANYBODYS = (
    "skrzynka skrzynkę poczta mail maile wiadomość wiadomości zgłoszenie zgłoszenia sprawa sprawę wniosek wnioski "
    "list pismo formularz"
)
# What reads and does things by itself.
MACHINES = "asystent asystencie asystenta asystenci robot bota boty botów robotów asystentów"
