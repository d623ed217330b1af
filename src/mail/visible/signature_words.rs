//! The words around the end of a mail, in lower case. In the tables `|` stands between entries.

use super::folded::{Parts, Starts, listed};
use super::words::Words;
use std::sync::LazyLock;

pub(super) static IS_CONTACT_LABEL: Words = LazyLock::new(|| listed(CONTACT_LABELS).collect());
pub(super) static CLOSING: LazyLock<Starts> = LazyLock::new(|| Starts::of(CLOSINGS));
pub(super) static DEVICE_START: LazyLock<Starts> = LazyLock::new(|| Starts::of(DEVICE_STARTS));
pub(super) static NOTICE_START: LazyLock<Starts> = LazyLock::new(|| Starts::of(NOTICE_STARTS));
pub(super) static BANNER_START: LazyLock<Starts> = LazyLock::new(|| Starts::of(BANNER_STARTS));
pub(super) static NOTICE_PART: LazyLock<Parts> = LazyLock::new(|| Parts::of(NOTICE_PARTS));
pub(super) static DEVICE: LazyLock<Parts> = LazyLock::new(|| Parts::of(DEVICES));
pub(super) static IS_NO_NAME: Words = LazyLock::new(|| listed(NO_NAMES).collect());

/// Closing words. After one a few words may follow on the line.
const CLOSINGS: &str = concat!(
    // English
    "best|best regards|kind regards|warm regards|warmest regards|kindest regards|regards|best wishes|",
    "all the best|many thanks|thanks|thank you|thanks and regards|thanks & regards|thx|cheers|sincerely|",
    "yours sincerely|sincerely yours|yours faithfully|yours truly|yours|respectfully|cordially|",
    "with best regards|with kind regards|take care|with regards|br|brgds|rgds|kr|very best|",
    "thanks in advance|thanks again|warmly|have a great day|have a nice day|",
    // German
    "mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss|",
    "freundliche grüße|freundliche grüsse|viele grüße|viele grüsse|viele gruesse|beste grüße|beste grüsse|",
    "beste gruesse|liebe grüße|liebe grüsse|schöne grüße|herzliche grüße|herzliche grüsse|schöne grüsse|",
    "sonnige grüße|mit besten grüßen|mit besten grüssen|mit freundlichen gruessen|mit herzlichen grüßen|",
    "gruß|gruss|grüße|grüsse|mfg|lg|vg|bg|hochachtungsvoll|vielen dank|danke|besten dank|herzlichen dank|",
    "freundlicher gruss|dankend|freundliche gruesse|",
    // French
    "cordialement|bien cordialement|très cordialement|sincères salutations|salutations|",
    "meilleures salutations|bien à vous|bien à toi|amicalement|cdlt|cdt|bonne journée|belle journée|",
    "bonne soirée|merci|merci d'avance|salutations distinguées|sincèrement|respectueusement|bonne réception|",
    "avec mes salutations|",
    // Spanish
    "saludos|un saludo|saludos cordiales|un cordial saludo|atentamente|cordialmente|gracias|muchas gracias|",
    "atte|un abrazo|reciba un cordial saludo|cordiales saludos|saludos atentos|slds|",
    // Italian
    "cordiali saluti|distinti saluti|saluti|un saluto|cordialità|grazie|buona giornata|a presto|",
    "grazie mille|un cordiale saluto|i migliori saluti|",
    // Dutch
    "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|groet|groeten|",
    "groetjes|hartelijke groet|hartelijke groeten|mvg|bedankt|alvast bedankt|met hartelijke groet|",
    "beste groeten|met beste groeten|dank u|dank je|",
    // Portuguese
    "atenciosamente|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|abraço|abraços|obrigado|",
    "obrigada|att|muito obrigado|muito obrigada|saudações|com os meus cumprimentos|",
    // Polish
    "pozdrawiam|z poważaniem|pozdrowienia|z pozdrowieniami|serdecznie pozdrawiam|dziękuję|miłego dnia|",
    "pozdrawiam serdecznie|z wyrazami szacunku|",
    // Swedish
    "med vänliga hälsningar|med vänlig hälsning|vänliga hälsningar|vänlig hälsning|hälsningar|",
    "bästa hälsningar|mvh|tack|tack på förhand|allt gott|vänligen|bästa hälsning|",
    // Danish, Norwegian
    "med venlig hilsen|venlig hilsen|med venlige hilsner|bedste hilsner|de bedste hilsner|hilsen|vh|",
    "mange tak|på forhånd tak|tak|med vennlig hilsen|vennlig hilsen|med vennlige hilsener|hilsner|",
    "beste hilsen|takk|mange takk|på forhånd takk|dbh|venligst|",
    // Finnish
    "ystävällisin terveisin|parhain terveisin|terveisin|terv|kiitos|kiittäen|ystävällisesti|",
    // Czech, Slovak
    "s pozdravem|s přátelským pozdravem|děkuji|s úctou|hezký den|přeji hezký den|díky|zdravím|s pozdravom|",
    "ďakujem|",
    // Russian, Ukrainian
    "с уважением|спасибо|всего доброго|с наилучшими пожеланиями|с найкращими побажаннями|з повагою|дякую|",
    "всего хорошего|хорошего дня|гарного дня|",
    // Japanese, Chinese, Korean
    "よろしくお願いいたします|よろしくお願い致します|宜しくお願いいたします|宜しくお願い致します|以上|敬具|よろしくお願いします|此致|敬礼|祝好|谢谢|謝謝|顺颂商祺|順頌商祺|감사합니다|고맙습니다|",
    "드림|이상입니다|",
    // Hebrew, Turkish, Hungarian, Romanian
    "בברכה|תודה|בתודה|בכבוד רב|saygılarımla|saygılarımızla|iyi çalışmalar|teşekkürler|sevgiler|selamlar|",
    "kolay gelsin|iyi günler|üdvözlettel|tisztelettel|köszönöm|köszönettel|üdv|szép napot|cu stimă|",
    "cu respect|mulțumesc|multumesc|o zi bună|cu considerație|",
);

/// How a line begins that a mail program puts below the text.
const DEVICE_STARTS: &str = concat!(
    "sent from|sent via|sent with|sent by|sent on|get outlook|from my|gesendet von|gesendet mit|",
    "gesendet aus|gesendet über|von meinem|von meiner|von unterwegs|versendet|holen sie sich outlook|",
    "outlook für|diese nachricht wurde von|envoyé de|envoyé depuis|envoyé à partir|envoyé avec|",
    "télécharger outlook|obtenir outlook|enviado desde|enviado do|enviado a partir|enviado de|enviado com|",
    "obtener outlook|obtenga outlook|obter o outlook|inviato da|inviato dal|inviato con|ottieni outlook|",
    "scarica outlook|verzonden met|verzonden vanaf|verstuurd vanaf|verstuurd met|verzonden via|outlook voor|",
    "download outlook|wysłano z|wysłane z|pobierz outlook|skickat från|skickat med|hämta outlook|",
    "skaffa outlook|från min|sendt fra|hent outlook|last ned outlook|få outlook|lähetetty|hanki outlook|",
    "odesláno z|odoslané z|získat outlook|отправлено с|отправлено из|надіслано з|отримати outlook|",
    "скачать outlook|发自我的|發自我的|从我的|從我的|自我的|获取 outlook|取得 outlook|나의|내|outlook for|נשלח מ|הורד את outlook|",
    "elküldve|küldve|trimis de|trimis din|gửi từ|yahoo mail|mail for windows|iphone'umdan|ipad'imden|<<sent|",
    "(sent from|με τη χρήση|στάλθηκε από|",
);

/// How such a line ends.
pub(super) const DEVICE_ENDS: &str =
    "から送信|에서 보냄|傳送|发送|gönderildi|gesendet|gesendet.|의 mail|を入手|küldve|다운로드|";

/// What such a line names.
const DEVICES: &str = concat!(
    "iphon|ipad|ipod|mobil|phone|handy|smartphone|blackberry|android|samsung|galaxy|huawei|xiaomi|htc|nokia|",
    "pixel|oneplus|tablet|handheld|windows|mac|apple|verizon|motorola|sony|xperia|palm|nexus|surface|",
    "outlook|yahoo|proton|gmx|web.de|aol|spark|airmail|superhuman|fairphone|redmi|oppo|realme|mail.ru|",
    "яндекс|telefon|teléfono|téléphone|telefoon|puhelin|телефон|мобильн|canary|mailbird|thunderbird|k-9|",
    "fairemail|móvil|celular|gmail|bluemail|blue mail|edison|zoho|infomaniak|posteo|boomerang|mailbox|cell|",
    "device|dispositivo|appareil|",
);

/// How a legal notice or another text begins that a server puts below the mail.
const NOTICE_STARTS: &str = concat!(
    // Mailing lists
    "you received this message because|you received this email because|you are receiving this|you re receiving this|",
    "you're receiving this|to unsubscribe from|to unsubscribe,|to unsubscribe click|to unsubscribe:|to stop receiving|",
    "click here to unsubscribe|manage your subscription|if you no longer wish to receive|sie erhalten diese e|",
    "um sich abzumelden|vous recevez ce|pour vous désabonner|pour se désinscrire|para darse de baja|per cancellarsi|",
    "om u af te melden|om je af te melden|",
    "confidentiality notice|confidentiality note|confidential notice|disclaimer|legal notice|",
    "legal disclaimer|this e-mail and any|this email and any|this e-mail is confidential|",
    "this email is confidential|this e-mail may contain|this email may contain|this e-mail contains|",
    "this email contains|this e-mail message|this email message is|this message and any attach|",
    "this message may contain|this message contains|this message is confidential|this message is intended|",
    "this email is intended|this e-mail is intended|this communication is|this communication may|",
    "the information contained in this|the information in this e|the information transmitted|",
    "the contents of this e|the content of this e|this electronic m|if you are not the intended|",
    "if you have received this|privileged and confidential|please consider the environment|before printing|",
    "think before you print|virus-free|this email has been checked|this email has been scanned|",
    "this e-mail has been|this message has been scanned|email disclaimer|e-mail disclaimer|notice: this|",
    "important notice|caution: this e|registered in england|registered office|",
    // German
    "diese e-mail enthält|diese e-mail kann|diese e-mail ist|diese e-mail und|diese nachricht enthält|",
    "diese nachricht ist|diese mail enthält|der inhalt dieser e|der inhalt dieser nachricht|",
    "die information in dieser|die informationen in dieser|vertraulichkeitshinweis|wichtiger hinweis|",
    "rechtlicher hinweis|haftungsausschluss|bitte denken sie an die umwelt|bitte prüfen sie|",
    "sollten sie nicht der|wenn sie nicht der richtige|falls sie nicht der|diese e-mail wurde von avast|",
    "virenfrei|diese e-mail-nachricht|datenschutzhinweis|informationen zum datenschutz|",
    "hinweise zum datenschutz|sitz der gesellschaft|amtsgericht|geschäftsführer|registergericht|",
    "handelsregister|",
    // French
    "ce message est confidentiel|ce message et toutes|ce message et les|ce message et ses|",
    "ce message peut contenir|ce message contient|cet e-mail|ce courriel|ce courrier électronique|",
    "avis de confidentialité|les informations contenues|pensez à l'environnement|pensez à l’environnement|",
    "avant d'imprimer|sans virus|l'intégrité de ce message|si vous n'êtes pas le destinataire|",
    // Spanish, Catalan
    "este mensaje y|este mensaje va dirigido|este mensaje contiene|este mensaje puede|",
    "este mensaje se dirige|este correo electrónico|este correo y|este e-mail|aviso legal|",
    "aviso de confidencialidad|la información contenida|antes de imprimir|libre de virus|en cumplimiento de|",
    "de conformidad con lo|le informamos que sus datos|cláusula de confidencialidad|protección de datos|",
    // Italian
    "le informazioni contenute|questo messaggio|questa e-mail|questa email|il presente messaggio|",
    "la presente e|avviso di riservatezza|prima di stampare|ai sensi del|le informazioni trasmesse|",
    "informativa privacy|rispetta l'ambiente|",
    // Dutch
    "dit bericht is|dit bericht kan|dit e-mailbericht|deze e-mail|de informatie in dit|de inhoud van dit|",
    "denk aan het milieu|aan dit bericht|de informatie verzonden|",
    // Portuguese
    "esta mensagem|este e-mail|este email|aviso de confidencialidade|as informações contidas|",
    "antes de imprimir|a informação contida|o conteúdo desta|",
    // Polish
    "ta wiadomość|niniejsza wiadomość|treść tej wiadomości|informacje zawarte w|wiadomość ta|",
    "zanim wydrukujesz|administratorem danych|klauzula|",
    // Swedish, Danish, Norwegian, Finnish
    "detta meddelande|detta e-post|denna e-post|detta mejl|informationen i detta|denne e-mail|denne mail|",
    "denne e-post|denne meddelelse|denne meldingen|informasjonen i denne|tænk på miljøet|tämä viesti|",
    "tämä sähköposti|personuppgifter|så här behandlar vi|tenk på miljøet|läs mer om hur vi behandlar|",
    // Czech, Slovak, Hungarian, Romanian, Turkish
    "tento e-mail|tato zpráva|táto správa|obsah této zprávy|informace obsažené|ez az üzenet|ez az e-mail|",
    "jelen üzenet|acest mesaj|acest e-mail|informațiile conținute|bu e-posta|bu mesaj|bu elektronik|",
    "yasal uyarı|",
    // Russian, Ukrainian, Hebrew, Asian languages
    "данное сообщение|это сообщение|настоящее сообщение|информация, содержащаяся|це повідомлення|цей лист|",
    "הודעה זו|המידע הכלול|免责声明|重要提示|本邮件|本郵件|此邮件|このメールに|本メール|이 메일은|본 메일|",
);

/// What names the reader of a legal notice wherever it stands in its paragraph.
const NOTICE_PARTS: &str = concat!(
    "intended recipient|intended addressee|nicht der richtige adressat|nicht der beabsichtigte|",
    "irrtümlich erhalten|destinataire prévu|n'en êtes pas le destinataire|no es el destinatario|",
    "non siete il destinatario|non è il destinatario|niet de geadresseerde|niet de beoogde|",
    "não for o destinatário|nie jest adresatem|inte är rätt mottagare|ikke er den rette modtager|",
    "ikke er rette mottaker|не являетесь адресатом|notify the sender immediately|",
    "all copies of the original message|unauthorized review|unauthorised use|",
);

/// How the notice begins that a mail server puts above a text from outside.
const BANNER_STARTS: &str = concat!(
    "caution: external|caution: this e|caution: this message|[external|external email|external sender|",
    "external e-mail|this email originated from outside|this message originated from outside|",
    "you don't often get email|you don’t often get email|some people who received this message don|",
    "sie erhalten nicht oft|sie erhalten nicht häufig|einige personen, die diese nachricht erhalten haben|",
    "vous n'obtenez pas souvent|vous n’obtenez pas souvent|vous ne recevez pas souvent|",
    "no suele recibir correo|non si ricevono spesso messaggi|u ontvangt niet vaak|warning: external|",
    "achtung: externe|[extern|[ext]|attention: external|attention : ce mail|*** external|",
);

/// Words before a number or an address.
const CONTACT_LABELS: &str = concat!(
    "tel|tel.|telefon|telefoon|téléphone|teléfono|telefono|telefone|phone|mobile|mobil|mob|mob.|cell|fax|t|",
    "m|f|e|p|w|d|o|c|e-mail|email|mail|web|website|internet|skype|linkedin|direct|office|switchboard|",
    "durchwahl|fon|ph|ph.|gsm|móvil|celular|cell.|kom|kom.|puh|puh.|тел|тел.|телефон|моб|моб.|電話|电话|手机|전화|",
    "טלפון|נייד|whatsapp|port|port.|tlf|tlf.|handy|vat|ust-idnr.|kvk|siret|p.iva|nip|regon|",
);

/// Words that no name begins with or holds, though they may be capitals in a short answer.
const NO_NAMES: &str = concat!(
    "hi|hello|hey|dear|hallo|liebe|lieber|guten|bonjour|hola|ciao|olá|hej|beste|cześć|good|morning|remove|",
    "unsubscribe|stop|please|me|my|no|not|yes|thanks|thank|you|do|contact|email|mail|interested|sounds|",
    "great|ok|okay|sure|call|send|take|off|list|delete|opt|out|nein|ja|bitte|kein|keine|interesse|abmelden|",
    "danke|non|oui|merci|pas|sí|si|gracias|baja|nee|geen|dziękuję|nie|nej|tack|tak|takk|nei|never|again|",
    "wrong|person|i|we|the|this|is|it|let|lets|let's|talk|monday|tuesday|wednesday|thursday|friday|saturday|",
    "sunday|january|february|march|april|june|july|august|september|october|november|december|next|week|",
    "today|tomorrow|price|pricing|more|information|info|",
);
