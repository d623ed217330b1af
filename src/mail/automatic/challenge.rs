//! Sender verifications: a machine holds our mail until somebody presses a button.
//!
//! The services come and go, so what they all say is looked for: that the mail waits, what is to be done, that it is only this once,
//! that a person has to do it, and why. One of these alone is said by people and newsletters too.

use super::folded::folded;
use super::headers::HEADERS_MAX;
use super::phrases::Phrases;
use super::text::has_word;
use super::{Mail, decide, subject};
use std::sync::LazyLock;

const TEXT_BYTES_MAX: usize = 2 * 1024;
const SUBJECT_BYTES_MAX: usize = 300;
/// So many of the things that challenges say, where nothing else shows a machine; one less where something does.
const CONCEPTS_MIN: usize = 3;

/// The things that a challenge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Concept {
    /// The mail is held.
    Held,
    /// What to do.
    Act,
    /// Only this once, or only the first time.
    Once,
    /// A person has to do it.
    Human,
    /// Why: against unwanted mail.
    Filter,
}

static PHRASES: LazyLock<Phrases<Concept>> = LazyLock::new(|| {
    Phrases::new(TABLE.iter().flat_map(|(concept, phrases)| phrases.iter().map(move |phrase| (*concept, *phrase))))
});

/// The challenge that a mail is, and what shows it.
pub(super) fn of_mail(mail: &Mail, visible: &str) -> Option<String> {
    by_header(mail).or_else(|| by_words(mail, visible))
}

fn by_header(mail: &Mail) -> Option<String> {
    for (name, value) in mail.headers.iter().take(HEADERS_MAX) {
        let is_known = ["x-boxbe", "x-tmda", "x-spamarrest", "x-mailinblack", "x-challenge"]
            .iter()
            .any(|start| name.starts_with(start));
        // TMDA puts its fingerprint into people's mail too.
        if is_known && !name.contains("fingerprint") {
            return Some(format!("the header {name}"));
        }
        if name == "x-delivery-agent" && has_word(value, "tmda") {
            return Some("X-Delivery-Agent: TMDA".to_owned());
        }
    }
    let domain =
        |address: &str| address.rsplit('@').next().filter(|domain| verifies_senders(domain)).map(str::to_owned);
    let domain = mail.from.iter().find_map(|from| domain(from.address.as_str()))?;
    Some(format!("From is at {domain}, which verifies senders"))
}

fn verifies_senders(domain: &str) -> bool {
    ["boxbe.com", "bluebottle.com", "spamarrest.com", "mailinblack.com", "tmda.net", "digiportal.com", "0spam.com"]
        .iter()
        .any(|known| domain.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn by_words(mail: &Mail, visible: &str) -> Option<String> {
    let in_text = PHRASES.find(&folded(visible, TEXT_BYTES_MAX));
    let in_subject = PHRASES.find(&folded(&mail.subject, SUBJECT_BYTES_MAX));
    let mut told: Vec<(Concept, usize)> = Vec::new();
    for hit in in_text.iter().chain(&in_subject) {
        if told.iter().all(|(concept, _)| *concept != hit.meaning) {
            told.push((hit.meaning, hit.number));
        }
    }
    let has = |concept: Concept| told.iter().any(|(known, _)| *known == concept);
    // What is asked for, or that the mail is held, belongs to every challenge.
    if told.len() < CONCEPTS_MIN - 1 || !(has(Concept::Act) || has(Concept::Held)) {
        return None;
    }
    // A subject of its own that asks for it shows a machine too; behind "Re:" it is ours.
    let asks_in_subject = !in_subject.is_empty() && !subject::read(&mail.subject).is_reply;
    if told.len() < CONCEPTS_MIN && !asks_in_subject && !decide::is_by_machine(mail) {
        return None;
    }
    let quoted: Vec<String> = told.iter().take(2).map(|(_, number)| format!("“{}”", PHRASES.phrase(*number))).collect();
    Some(format!("the text says {}", quoted.join(" and ")))
}

const TABLE: &[(Concept, &[&str])] = &[
    (Concept::Held, HELD),
    (Concept::Act, ACT),
    (Concept::Once, ONCE),
    (Concept::Human, HUMAN),
    (Concept::Filter, FILTER),
];

const HELD: &[&str] = &[
    "(保留しております|保留されています|お届けします|隔离)",
    "(your|the|this) (email|e-mail|message|mail)… (is waiting|is being held|has been held)",
    "(your|the|this) (email|e-mail|message|mail)… (was held|on hold|is pending)",
    "(your|the|this) (email|e-mail|message|mail)… (is held|quarantined|in quarantine|awaiting|not been delivered)",
    "(your|the|this) (email|e-mail|message|mail)… (not yet been delivered|not yet delivered|will be delivered after)",
    "(your|the|this) (email|e-mail|message|mail)… (will be delivered once|will be delivered as soon as|waiting for)",
    "(have|get) (your|the|this) (email|e-mail|message|mail) delivered",
    "(to|so that)… (be|is|get|gets) (delivered|released) (to|please|you|click|and|into)",
    "(so that|before) i (can |)(receive|get|read|see) (it|your)",
    "let (my|your|the) (message|email|e-mail|mail) in",
    "(will be|is) (deleted|discarded) (after|in|within|if)",
    "(waiting|awaiting|pending) (for |)(my |your |the |)(approval|verification|confirmation)",
    "(requires|needs) (verification|your confirmation|sender verification)",
    "(ihre|deine|die) (nachricht|e-mail|mail|email)… (zurückgehalten|in der warteschlange|noch nicht zugestellt)",
    "(ihre|deine|die) (nachricht|e-mail|mail|email)… wird erst zugestellt",
    "(ihre|deine|die) (nachricht|e-mail|mail|email)… (wartet auf|in quarantäne|zuzustellen)",
    "(ihre|deine|die) (nachricht|e-mail|mail|email)… (zugestellt wird|zugestellt werden)",
    "(votre|le|ce) (message|mail|courriel|e-mail|email)… (en attente|en quarantaine|bloqué|retenu|me parvienne)",
    "(votre|le|ce) (message|mail|courriel|e-mail|email)… (soit délivré|soit remis|sera délivré)",
    "(votre|le|ce) (message|mail|courriel|e-mail|email)… (sera remis|pas encore été remis|pas encore été délivré)",
    "(votre|le|ce) (message|mail|courriel|e-mail|email)… soit distribué",
    "(su|tu|el) (mensaje|correo|email|e-mail)… (retenido|en espera|en cuarentena|sea entregado|será entregado)",
    "(su|tu|el) (mensaje|correo|email|e-mail)… (no ha sido entregado|pendiente de|aún no se ha entregado)",
    "(il suo|il tuo|la sua|la tua|il) (messaggio|mail|e-mail|email)… (in attesa|trattenut|in quarantena)*",
    "(il suo|il tuo|la sua|la tua|il) (messaggio|mail|e-mail|email)… venga consegnat*",
    "(il suo|il tuo|la sua|la tua|il) (messaggio|mail|e-mail|email)… (sarà consegnat|non è stat|venga recapitat)*",
    "(uw|je|het) (bericht|e-mail|mail)… (vastgehouden|in de wacht|in quarantaine|nog niet afgeleverd)",
    "(uw|je|het) (bericht|e-mail|mail)… (wordt afgeleverd|afgeleverd wordt|bezorgd wordt)",
    "(sua|a sua|seu|o seu|a|tua) (mensagem|e-mail|email)… (retida|retido|em espera|aguardando|em quarentena)",
    "(sua|a sua|seu|o seu|a|tua) (mensagem|e-mail|email)… (seja entregue|será entregue|não foi entregue)",
    "(wiadomość|mail|e-mail)… (zatrzymana|wstrzymana|kwarantann|oczekuje|zostanie dostarczona)*",
    "(ваше письмо|ваше сообщение)… (задержано|ожидает|будет доставлено|не доставлено|карантин)*",
    "(meddelande|mejl|besked|meddelelse|melding|e-post)… (hålls kvar|i karantän|tilbageholdes|holdes tilbage)",
    "(meddelande|mejl|besked|meddelelse|melding|e-post)… (i karantæne|leveres når|levereras när)",
];

const ACT: &[&str] = &[
    "(数字を入力してください|下記のページを開き|リンクをクリック|认证|验证码|点击以下链接)",
    "(click|follow|visit|press|use|tap)… (link|button|here|below|url)",
    "(reply|respond) to this (email|e-mail|message|mail)",
    "(confirm|verify|prove|authenticate|validate) (that |)(your|you|yourself|this)*",
    "(captcha|complete the form|fill in|fill out|enter the (code|letters|characters))",
    "(type the (code|letters|characters|word)|copy the letters)",
    "(klicken sie|klicke|bestätigen sie|bestätige|verifizieren sie|geben sie den code|folgenden link)",
    "(cliquez|cliquer|confirmer|confirmez|recopier|recopiez|validez)",
    "(valider|authentifier|authentifiez|identifier|identifiez)",
    "(haga clic|haz clic|pulse|pinche|confirme|confirma|verifique|verifica|valide)",
    "(clicca|clicchi|cliccare|confermi|conferma|verifichi|verificare|faccia clic|fare clic)",
    "(klik|bevestig|bevestigt|verifieer)",
    "(clique|clicar|confirme|confirma|verifique|confirme o envio)",
    "(kliknij|potwierdź|proszę potwierdzić|zweryfikuj)",
    "(нажмите|подтвердите|перейдите по ссылке)*",
    "(klicka|klik|bekräfta|bekræft|bekreft)",
];

const ONCE: &[&str] = &[
    "(初めての送信者|初回のみ|首次)",
    "(just|only) (this |)once",
    "(only|just) (need|have) to (do|confirm|verify)… once",
    "(one time|once only|a single time|never again|not be asked again|first time)",
    "(added|add you|add yourself|placed)… (approved|allowed|safe|guest) (list|senders|sender|contacts)*",
    "(added|add you|add yourself|placed)… (white|trusted|accepted) (list|senders|sender|contacts)*",
    "(nur (einmal|dieses eine mal|ein einziges mal)|einmalig|einmalige|zum ersten mal|erste mal)",
    "(une seule fois|première fois|qu'une fois|1ère fois|premier envoi|premier message)",
    "(una sola vez|una única vez|primera vez|solo una vez)",
    "(una sola volta|prima volta|solo una volta)",
    "(eenmalig|eenmalige|één keer|eerste keer|slechts eenmaal)",
    "(uma única vez|uma vez só|primeira vez|apenas uma vez|só uma vez)",
    "(tylko raz|jednorazowo|pierwszy raz|jednorazowe)",
    "(один раз|впервые|первый раз)",
    "(en gång|första gången|én gang|første gang|engangs)*",
];

const HUMAN: &[&str] = &[
    "(i am|i'm|you are|you're|that you are) (a |an |)(person|human|real person|human being|not a robot)",
    "(i am|i'm|you are|you're|that you are) (a |an |)(not a bot|not a machine|not a spammer|real)",
    "(not|and not) (a |an |)(robot|bot|machine|spammer|automated (system|program|sender))",
    "captcha",
    "(ein mensch|kein roboter|keine maschine|kein spammer|menschlicher absender)",
    "(un humain|une personne réelle|pas un robot|êtes humain|êtes bien une personne)",
    "(una persona real|un humano|no es un robot|no eres un robot)",
    "(una persona reale|un essere umano|non sei un robot|non è un robot)",
    "(een mens|geen robot|echt persoon)",
    "(uma pessoa real|um humano|não é um robô|não sou um robô)",
    "(człowiekiem|nie jesteś robotem|nie robotem)",
    "(не робот|вы человек)",
    "(en människa|inte en robot|et menneske|ikke en robot)",
];

const FILTER: &[&str] = &[
    "(keep|keeps|keeping)… (junk|spam|unwanted|unsolicited)",
    "(spam|sender|anti-spam|antispam|junk|challenge|email|mail) (blocking|protection|filter|filtering)",
    "(spam|sender|anti-spam|antispam|junk|challenge|email|mail) (prevention|blocker|verification)",
    "(spam|sender|anti-spam|antispam|junk|challenge|email|mail) (control|guard|response|confirmation)",
    "(spam|sender|anti-spam|antispam|junk|challenge|email|mail) (authentication|challenge)",
    "(antispam|anti-spam|spam arrest|boxbe|tmda|bluebottle|mailblocks|sender verification|challenge response)",
    "(unsolicited|unwanted|junk) (email|e-mail|mail|messages|commercial)",
    "(protect|protects|protected)… (spam|junk|unwanted|unsolicited)",
    "not (yet |)(on|in)… (guest|approved|allowed|safe|white|trusted|accepted) (list|sender|senders)",
    "(spamschutz|spam-schutz|spamfilter|unerwünschte|unerwünschten|absenderprüfung)",
    "(absenderbestätigung|unbekannte absender|unbekannten absendern)",
    "(indésirable|indésirables|anti-spam|antispam|pourriel|pourriels|spam|authentification)",
    "(mailinblack|mail in black|vade secure|expéditeur inconnu)",
    "(no deseado|no deseados|antispam|anti-spam|confirmación de remitente|remitente desconocido)",
    "(indesiderat|antispam|anti-spam|mittente sconosciuto|verifica del mittente)*",
    "(ongewenste|spamfilter|antispam|onbekende afzender|afzenderverificatie)",
    "(indesejad|antispam|anti-spam|confirmação de remetente|remetente desconhecido)*",
    "(niechcian|antyspam|nieznany nadawca|weryfikacja nadawcy)*",
    "(нежелательн|антиспам|спам)*",
    "(skräppost|oönskad|spamfilter|uønsket|uønskede|søppelpost)",
];
