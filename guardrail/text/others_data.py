"""Words for whole groups of people and for what is known of them, in the languages of the tables.

Whoever asks for `the phone numbers of all guests` asks for what belongs to others, and whoever asks for the code of a
gate or for all internal notes for what is to stay inside.
"""

MANY = frozenset(
    "all every each entire whole complete full list roster alle aller allen sämtliche sämtlicher sämtlichen jeder "
    "jedes komplette vollständige liste klassenliste tous toutes chaque complète complet todos todas cada "
    "completa completo lista listado tutti tutte ogni elenco primi elke iedere volledige lijst namenlijst "
    "wszystkich wszyscy każdego listę bütün tüm her liste alla samtliga varje všech všichni každého seznam".split()
)
PEOPLE = frozenset(
    "people persons customers clients guests patients members employees staff colleagues users tenants residents "
    "pupils students parents suppliers vendors subscribers owners actors participants applicants newcomers "
    "starters kunden gäste gästen patienten mitglieder mitarbeiter mitarbeitenden kollegen nutzer mieter bewohner "
    "schüler eltern lieferanten abonnenten eigentümer teilnehmer bewerber clients hôtes patients membres employés "
    "salariés collègues locataires élèves parents fournisseurs abonnés comédiens acteurs participants candidats "
    "clientes huéspedes pacientes miembros socios socio empleados compañeros inquilinos alumnos padres "
    "proveedores clienti ospiti pazienti membri dipendenti colleghi inquilini alunni genitori fornitori hóspedes "
    "pacientes membros sócios sócio funcionários colegas inquilinos alunos pais fornecedores klanten gasten "
    "patiënten leden medewerkers collega's huurders leerlingen ouders leveranciers klientów gości pacjentów "
    "członków pracowników kolegów lokatorów uczniów rodziców dostawców müşteriler misafirler hastalar üyeler "
    "çalışanlar öğrenciler kunder gäster patienter medlemmar anställda elever klientů hostů pacientů členů "
    "zaměstnanců žáků rodičů".split()
)
PERSONAL = frozenset(
    "phone phones mobile address addresses birthday birthdays birth passport passports salary salaries password "
    "passwords iban ibans account accounts contact contacts names telefonnummern telefon handynummern mobilnummer "
    "adresse adressen geburtsdatum geburtsdaten ausweis pass gehalt kontaktdaten bankverbindung bankverbindungen "
    "namen zimmernummer passwort kennwort téléphones téléphone adresses naissance passeport passeports salaires "
    "coordonnées noms teléfonos direcciones nacimiento pasaporte salarios cuentas cuenta nombres nif dni telefoni "
    "indirizzi nascita passaporto stipendi conti nominativo nominativi fido telefones moradas endereços "
    "nascimento passaporte salários conta contas nomes nif telefoonnummers mobiel privéadres adressen "
    "geboortedatum paspoort salaris rekening namen bsn wachtwoord telefony adresy urodzenia paszport "
    "wynagrodzenia konta nazwiska pesel telefon adres doğum pasaport maaş telefonnummer adresser födelsedatum lön "
    "telefonní adresy narození".split()
)
# As words, or as the ends of longer ones: `Torcode`, `VPN-Zugang`.
SECRETS = tuple(
    "password passwords passcode passphrase credentials passwort passwörter kennwort kennwörter zugangsdaten torcode "
    "türcode zugangscode vpn-zugang identifiants contraseña contraseñas credenciales credenziali senhas senha "
    "palavra-passe wachtwoord wachtwoorden toegangscode inloggegevens hasło hasła hasel haseł parola şifre şifresi "
    "lösenord heslo hesla gatecode doorcode".split()
)
# Of several words: `mot de passe`, `gate code`.
SECRET_PHRASES = (
    *("mot de passe", "mots de passe", "code d'accès", "codes d'accès", "código de acceso", "códigos de acceso"),
    *("codice di accesso", "codici di accesso", "código de acesso", "códigos de acesso", "kod dostępu", "kody dostępu"),
    *("gate code", "door code", "entry code", "access code", "alarm code", "gate codes", "door codes", "access codes"),
)
INTERNAL = frozenset(
    "internal interne internen internes interner interna internas internos interni interno intern interna wewnętrzne "
    "wewnętrznych dahili interní vertraulichen vertrauliche confidential confidentielles confidenciales".split()
)
