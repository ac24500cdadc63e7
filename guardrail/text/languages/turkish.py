"""Turkish, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = (
    " in iniz ın ınız un unuz ün ünüz yin yiniz yın yınız mek mak meli malı ilsin ılsın ulsun ülsün nsin nsın sin "
    "sın ilecek ılacak ulacak ülecek ilecektir ılacaktır necek nacak ecek acak ildi ıldı uldu üldü ndi ndı di dı "
    "du dü ti tı ir ır ur ür er ar ilir ılır ulur ülür nir nır ilmeli ılmalı ulmalı ülmeli nmeli nmalı ilmiştir "
    "ılmıştır iyor ıyor uyor üyor ip ıp up üp ilmesi ılması ulması ülmesi nması mesi ması meniz manız menizi "
    "manızı"
)
PREFIXES = ""
VERBS = {
    "publish": "yayınla",
    "reject": "reddet reddedil",
    "write": "yaz",
    "send": "gönder yolla postala",
    "forward": "ilet aktar yönlendir",
    "reply": "yanıtla cevapla",
    "tell": "bildir haberdar",
    "pay": "öde",
    "transfer": "havale",
    "refund": "iade iadeyi iadesi",
    "order": "sipariş ısmarla",
    "book": "ayırt rezerve",
    "delete": "sil kaldır",
    "cancel": "iptal feshet",
    "block": "engelle",
    "deactivate": "kapat kapatıl devre",
    "change": "değiştir",
    "set": "ayarla belirle",
    "raise": "yükselt artır arttır",
    "lower": "düşür azalt indir",
    "add": "ekle eklen",
    "create": "oluştur oluşturul",
    "enter": "gir giril kaydet kaydedil",
    "assign": "atayın atayınız atan",
    "approve": "onayla onaylan",
    "release": "serbest",
    "give": "verin veril verme vermek verilecek",
    "share": "paylaş paylaşıl",
    "invite": "davet",
    "update": "güncelle güncellen",
    "run": "çalıştır başlat",
    "activate": "etkinleştir aç açıl",
    "move": "taşı taşın ertele",
    "schedule": "planla planlan",
    "apply": "uygula uygulan",
    "read": "oku göster özetle bul bak listele",
}
POLITE = "lütfen rica"
MODALS = "gerekiyor gerekir gerek lazım zorunlu zorunda"
HANDING_OVER = "hallet halledin ilgilen ilgilenin işle işleyin yap yapın tamamla uygula"
TEXTS = (
    "posta postası kutusu kutusundaki mail maili mailinde mailindeki mesaj mesajı mesajında mesajında "
    "mesajındaki talep talebi talebini başvuru başvurusu form formu formda formundaki liste listesi listede "
    "listedeki mektup mektubu rapor raporu raporda not notu notta tutanak belge belgede dosya dosyada kılavuz"
)
ACCORDING = "göre yazdığı istediği belirttiği yazan bildirdiği geçen"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = r"\b(?:ne|neyi|nasıl|kim|kimi|her şeyi)\b"
SAYING = "yazdıysa istediyse söylediyse dediyse istiyorsa yazıyorsa önerdiyse istediğini yazdığını söylediğini"
SELF = "ben biz"
CARRYING_OUT = r"\b(?:yap|yapın|uygula|uygulayın|tamamla|tamamlayın|yerine getir)\b"
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "gönderen yazan", "kimden"
READS, TO = "alıcı", "kime"
# What anybody writes in.
ANYBODYS = "posta kutusu mail maili mesaj mesajı talep talebi başvuru başvurusu form formu mektup"
# What reads and does things by itself.
MACHINES = "asistan asistanlar botlar robotlar yapayzeka botlara robotlara asistana"
