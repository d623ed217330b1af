//! The words by which mail programs introduce what they quote. In the tables `|` stands between entries.

use super::folded::listed;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// A table as a set.
pub(super) type Words = LazyLock<HashSet<&'static str>>;

pub(super) static IS_WROTE: Words = LazyLock::new(|| listed(WROTE).collect());
pub(super) static IS_WROTE_WEAK: Words = LazyLock::new(|| listed(WROTE_WEAK).collect());
pub(super) static IS_WROTE_BEFORE_NAME: Words = LazyLock::new(|| listed(WROTE_BEFORE_NAME).collect());
pub(super) static IS_STARTER: Words = LazyLock::new(|| listed(STARTERS).collect());
pub(super) static IS_ORIGINAL: Words = LazyLock::new(|| listed(ORIGINAL).collect());

/// What the name of a header line, in lower case, means.
pub(super) static FIELDS: LazyLock<HashMap<&'static str, Field>> =
    LazyLock::new(|| LABELS.iter().flat_map(|(field, names)| listed(names).map(|name| (name, *field))).collect());

/// "wrote" as it stands in such a line, in lower case; of several words the last.
const WROTE: &str = concat!(
    "ecrit|escreveu|escribio|escribió|escrito|escriure|geschreven|geschrieben|kirjoitti|kirjutas|nadesłał|",
    "napisala|napisao|napisao/la|napisał|napisał(a)|napisał/a|napisała|napsal|napsal(a)|napsala|napísal|",
    "napísal(a)|napísala|rakstīja|rašė|schreef|schrieb|schrieben|scris|scritto|scriveva|skreiv|skrev|viết|",
    "wrote|yazdı|écrit|écrivait|írta|έγραψε|написа|написав|написав(ла)|написал|написал(а)|написала|написао|",
    "писал(а)|пише|",
);

/// Words that stand in such lines and, more often, in what people write themselves.
const WROTE_WEAK: &str = "menulis|pisze|piše|said|schreibt|scrive|sent|verzond|writes|пишет|";

/// Of these the writer stands after the word: "Am 5. Oktober schrieb Ann:".
const WROTE_BEFORE_NAME: &str = concat!(
    "escreveu|escribió|kirjoitti|napsal|napsal(a)|napsala|schreef|schrieb|skreiv|skrev|írta|написал|",
    "написал(а)|",
);

/// The same in scripts without spaces between words.
pub(super) const WROTE_JOINED: &str = "写道|寫道|写到|寫到|撰写|님이 작성|작성|썼습니다|쓴 글|のメッセージ|が書きました|さんは書きました|のメール|כתב|כתבה|كتب|เขียนว่า|";

/// The words with which such a line begins, in lower case; days of the week, where a date comes first, among them.
const STARTERS: &str = concat!(
    "on|at|in|am|le|el|il|op|em|no|dnia|w|den|d.|på|ti|ke|dne|dňa|vào|în|pe|la|στις|le:|a|u|dana|от|в|在|",
    "tarihinde|בתאריך|ב-|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|",
    "jue|vie|sáb|dom|seg|ter|qua|qui|sex|gio|ma|wo|vr|za|zo|pon|wt|śr|czw|pt|sob|niedz|man|tir|ons|tor|tors|",
    "fre|lør|søn|mån|tis|lör|sön|ke|to|pe|la|su|po|út|st|čt|pá|ne|пн|вт|ср|чт|пт|сб|вс|нд|pzt|sal|çar|per|",
    "cum|cmt|paz|monday|tuesday|wednesday|thursday|friday|saturday|sunday|понедельник|вторник|среда|четверг|",
    "пятница|суббота|воскресенье|",
);

/// What stands between dashes, or before a colon, above an original or a forwarded message, in lower case.
const ORIGINAL: &str = concat!(
    // English
    "your message|your original message|ihre nachricht|votre message|su mensaje|il suo messaggio|uw bericht|",
    "original message|original mail|original e-mail|original email|reply message|forwarded message|",
    "begin forwarded message|forwarded by|original appointment|forwarded mail|reply to message|",
    // German
    "ursprüngliche nachricht|ursprüngliche mail|originalnachricht|original-nachricht|original nachricht|",
    "antwort nachricht|weitergeleitete nachricht|anfang der weitergeleiteten nachricht|",
    "anfang der weitergeleiteten e-mail|original-mail|ursprünglicher termin|",
    // French
    "message d'origine|message original|message initial|message d’origine|message transféré|",
    "message transmis|début du message transféré|début du message réexpédié|message réacheminé|",
    // Spanish
    "mensaje original|mensaje reenviado|inicio del mensaje reenviado|mensaje enviado|",
    // Italian
    "messaggio originale|messaggio inoltrato|inizio messaggio inoltrato|messaggio originario|",
    // Dutch
    "oorspronkelijk bericht|origineel bericht|doorgestuurd bericht|begin doorgestuurd bericht|",
    "oorspronkelijke bericht|originele bericht|",
    // Portuguese
    "mensagem original|mensagem encaminhada|mensagem reencaminhada|início da mensagem encaminhada|",
    "início da mensagem reencaminhada|",
    // Polish
    "wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana|przekazana wiadomość|",
    "treść przekazanej wiadomości|początek przekazywanej wiadomości|wiadomość przesłana dalej|",
    "pierwotna wiadomość|",
    // Swedish
    "ursprungligt meddelande|originalmeddelande|vidarebefordrat meddelande|vidarebefordrat mejl|",
    "vidarebefordrat brev|ursprungsmeddelande|",
    // Danish, Norwegian
    "oprindelig meddelelse|oprindelig besked|original meddelelse|videresendt meddelelse|videresendt besked|",
    "start på videresendt besked|opprinnelig melding|original melding|videresendt melding|",
    "opprinnelig e-post|",
    // Finnish
    "alkuperäinen viesti|välitetty viesti|edelleenlähetetty viesti|välitetty viesti alkaa|",
    // Czech, Slovak
    "původní zpráva|přeposlaná zpráva|začátek přeposílané zprávy|původní e-mail|pôvodná správa|",
    "preposlaná správa|",
    // Russian, Ukrainian
    "исходное сообщение|пересылаемое сообщение|перенаправленное сообщение|оригинальное сообщение|",
    "пересланное сообщение|начало переадресованного сообщения|оригінальне повідомлення|",
    "переслане повідомлення|перенаправлене повідомлення|вихідне повідомлення|",
    // Japanese, Chinese, Korean
    "元のメッセージ|オリジナルメッセージ|元のメール|転送メッセージ|メッセージを転送|转发的邮件|原始邮件|原始郵件|转发邮件|轉寄郵件|原邮件|转发邮件信息|轉寄的郵件|原始信件|원본 메일|원본 메시지|",
    "전달된 메시지|원본메일|",
    // Hebrew, Turkish, Hungarian, Romanian
    "הודעה מקורית|הודעה שהועברה|orijinal ileti|orijinal mesaj|özgün ileti|iletilmiş mesaj|iletilen ileti|",
    "yönlendirilmiş mesaj|eredeti üzenet|továbbított üzenet|továbbított levél kezdete|mesaj original|",
    "mesaj redirecționat|mesajul original|mesaj inițial|",
);

/// What a line of a quoted mail's header tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From,
    /// Said of mails only.
    Sent,
    Date,
    To,
    Subject,
    /// Copies, attachments, answers to.
    Other,
}

/// The names of header lines, in lower case.
const LABELS: &[(Field, &str)] = &[
    (
        Field::From,
        concat!(
            "from|von|de|expéditeur|da|mittente|van|afzender|od|nadawca|från|fra|lähettäjä|odesílatel|",
            "от|от кого|отправитель|від|від кого|差出人|送信者|送信元|发件人|寄件者|寄件人|發件人|보낸 사람|보낸사람|보낸이|발신|מאת|",
            "kimden|gönderen|feladó|de la|expeditor|expeditorul|saatja|avsender|remitente|absender|من|",
        ),
    ),
    (
        Field::Sent,
        concat!(
            "sent|gesendet|envoyé|envoyé le|date d'envoi|enviado|enviado el|inviato|inviata|verzonden|",
            "enviada|enviada em|enviado em|data de envio|wysłano|data wysłania|skickat|sendt|lähetetty|",
            "odesláno|отправлено|надіслано|відправлено|送信日時|发送时间|寄件日期|傳送時間|发送日期|보낸 날짜|보낸날짜|נשלח|",
            "gönderme tarihi|gönderildi|gönderilen|elküldve|küldve|trimis|received|skickades|odoslané|",
            "poslano|",
        ),
    ),
    (
        Field::Date,
        concat!(
            "date|datum|fecha|data|dato|päivämäärä|päiväys|дата|日時|日付|日期|時間|时间|날짜|일자|תאריך|tarih|dátum|",
            "dată|",
        ),
    ),
    (
        Field::To,
        concat!(
            "to|an|à|pour|destinataire|para|a|aan|do|adresat|till|til|vastaanottaja|komu|кому|宛先|收件人|",
            "收件者|받는 사람|받는사람|받는이|수신|אל|kime|alıcı|címzett|către|catre|destinatar|destinatarul|",
            "destinatario|empfänger|إلى|",
        ),
    ),
    (
        Field::Subject,
        concat!(
            "subject|betreff|objet|sujet|asunto|oggetto|onderwerp|assunto|temat|ämne|emne|aihe|předmět|",
            "тема|件名|主题|主旨|標題|主題|제목|נושא|konu|tárgy|subiect|predmet|الموضوع|",
        ),
    ),
    (
        Field::Other,
        concat!(
            "cc|bcc|kopie|kopie (cc)|copie|copie à|copia|cco|dw|kopia|kopi|kopio|копия|копія|抄送|副本|참조|",
            "עותק|bilgi|másolat|másolatot kap|reply-to|reply to|antwort an|répondre à|responder a|",
            "antwoord aan|importance|wichtigkeit|priority|attachments|anlagen|pièces jointes|",
            "datos adjuntos|allegati|bijlagen|anexos|załączniki|bilagor|vedhæftede filer|vedlegg|",
            "organization|organisation|sensitivity|importancia|prioriteit|ważność|mailed-by|list-id|",
            "message-id|when|where|c.c.|",
        ),
    ),
];
