//! What mail servers say, and what they mean by it.

use super::lexicon::Lexicon;
use std::sync::LazyLock;

/// Why a mail was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The mailbox does not exist.
    UserUnknown,
    /// The domain does not exist, or takes no mail.
    HostUnknown,
    /// The person is gone, or the address has changed.
    Moved,
    /// The mailbox is closed.
    Disabled,
    /// The mailbox is closed for now.
    Suspended,
    /// The mailbox is full.
    Full,
    /// The mail is too large.
    TooLarge,
    /// It could not be delivered in time; nobody answered.
    Expired,
    /// Too much at once, or greylisted: asked to come again.
    Slowed,
    /// Something at the other side, or between, does not work.
    System,
    /// Too much in too short a time.
    Rate,
    /// A name server did not answer: whether the domain exists is not known.
    Unresolved,
    /// Reputation, content, authentication, rules.
    Policy,
    /// Our own address or domain is not accepted.
    SenderRefused,
    /// The server does not take mail for this domain from us.
    RelayDenied,
    /// A limit of our own provider's.
    SenderLimit,
    /// Words that say no and not why; the code decides.
    Unclear,
    /// Words that often stand beside the real reason: counted only where there is no better.
    Perhaps(Weak),
}

/// The weak meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weak {
    User,
    Policy,
    Later,
    Full,
}

pub(super) static REASONS: LazyLock<Lexicon<Reason>> = LazyLock::new(|| Lexicon::new(REASON_TABLE));

const REASON_TABLE: &[(Reason, &str)] = &[
    (
        Reason::UserUnknown,
        "can't accept user | addresses were unknown | rejected recipients | mailbox not present | account unavailable | missing home directory | is not local | not local user | archived recipient | wrong or no longer valid | badrcptto | bad_recipient | mail-box not found | no mail box | no mail-box | user unknown | unknown user | recipient unknown | unknown recipient | unknown address | address unknown | \
         unknown local part | unknown local-part | name is not recognized | name is not recognised | address is not recognized | unknown mailbox | mailbox name unknown | name unknown | mailbox unknown | unknown account | unknown or illegal alias | \
         unknown alias | alias unknown | unknown to address | addressee unknown | unknown addressee | unknown email address | \
         unknown in virtual | unknown or invalid | user is unknown | recipient is unknown | unknown. please | \
         no such user | no such mailbox | no such recipient | no such address | no such account | no such person | no such local | \
         no such email | no such id | no such alias | no such customer | no such virtual user | no mailbox here | no mailbox by that name | \
         no mailbox with that | no mailbox found | no user by that | no user with that | no account by that | no account with | no one by that | \
         no recipient by that | there is no user | there is no account | there is no one | \
         not a valid user | not a valid mailbox | not a valid recipient | not a valid address | not a valid account | not a known user | not known here | \
         is not a known | is not known | user not known | user not found | username not found | recipient not found | recipientnotfound | mailbox not found | address not found | \
         account not found | recipient was not found | not found by smtp address lookup | not found in directory | not found in the | user does not exist | \
         account does not exist | mailbox does not exist | address does not exist | recipient does not exist | does not exist | \
         do not exist | did not exist | doesn't exist | don't exist | not exist | doesn't have a | doesn't have an | does not have an account | \
         does not have a valid | don't have an account | \
         invalid recipient | invalid mailbox | invalid user | invalid address | invalid email | invalid to address | invalid rcpt | recipient invalid | \
         recipient is invalid | recipient address is invalid | mailbox invalid | mailbox is invalid | user invalid | \
         bad destination mailbox | bad destination email | bad recipient | bad address | bad mailbox | bad user | bad to address | \
         mailbox unavailable | mailbox is unavailable | mailbox not available | mailbox name not allowed | mailbox name is invalid | mailbox is not available | \
         unrouteable address | unroutable address | undeliverable address | unresolvable address | \
         not our customer | not a customer | not our user | not a local | not local user | isn't a local | \
         not listed in domino directory | not listed in public | not listed in the | not in directory | not in the directory | \
         no matching recipient | no matches to nameserver | could not be found | couldn't be found | couldn't find | cannot find the | can't find the recipient | \
         can't find this | was not found | wasn't found at | not match any | non-existent | nonexistent | non existent | \
         non-existant | nonexistant | does not like recipient. reply: 550 | address no longer exists | no longer exists | no longer exist | doesn't match a | \
         recipient address rejected: access denied | recipient rejected: 5.1.1 | recipient address rejected: user | recipient address rejected: unknown | \
         recipient address rejected: undeliverable | recipient address rejected: unverified | recipient address rejected: address | \
         no valid recipient | not a recipient | \
         no valid mailbox | user not exist | user account not exist | this user doesn't | this account doesn't | \
         mail address unknown | addresses unknown | unknown customer | unknown member | \
         mailbox you are trying to reach | verify the recipient's email | your message wasn't delivered to anyone",
    ),
    // Other languages
    (
        Reason::UserUnknown,
        "adresse inconnue | utilisateur inconnu | destinataire inconnu | n'existe pas | n'existe plus | boîte inexistante | \
         empfänger unbekannt | benutzer unbekannt | unbekannter empfänger | unbekannter benutzer | unbekannte adresse | adressat unbekannt | existiert nicht | \
         empfaenger existiert nicht | empfängeradresse existiert | konnte nicht gefunden werden | wurde nicht gefunden | nicht bekannt | \
         usuario desconocido | usuario no existe | no existe | destinatario desconocido | no se ha encontrado | no se encontró | cuenta no existe | \
         utente sconosciuto | utente non trovato | destinatario sconosciuto | non esiste | casella inesistente | inesistente | \
         onbekende gebruiker | gebruiker onbekend | bestaat niet | onbekend adres | niet gevonden | \
         utilizador desconhecido | usuário desconhecido | destinatário desconhecido | não existe | não foi encontrado | \
         nie istnieje | nieznany użytkownik | nieznany adres | nie ma takiego | brak takiego | nie znaleziono | nie odnaleziono | \
         okänd användare | okänd mottagare | finns inte | ukendt bruger | ukendt modtager | findes ikke | ukjent bruker | finnes ikke | \
         neexistuje | nem létezik | ismeretlen címzett | nu există | bulunamadı | mevcut değil | δεν υπάρχει | \
         не существует | нет такого пользователя | пользователь не найден | неизвестный пользователь | получатель не найден | адресат не найден | \
         несуществующ | не знайдено | не існує | немає такої | такої адреси | такого адреса | нет такого | адреса не знайдено | \
         用户不存在 | 收件人不存在 | 地址不存在 | 邮箱不存在 | 帐号不存在 | 账号不存在 | 不存在 | 查無此 | 无此用户 | 找不到 | \
         存在しません | リストにありません | 見つからない | 見つかりません | 宛先不明 | あて先不明 | 見つかりませんでした | 존재하지 | 찾을 수 없 | 없는 사용자 | không tồn tại | tidak ditemukan",
    ),
    (
        Reason::HostUnknown,
        "host unknown | unknown host | unknown mail host | host not found | domain not found | unknown domain | domain unknown | no such domain | no such host | \
         domain does not exist | domain doesn't exist | domain name not found | non-existent domain | nonexistent domain | non-existent host | \
         name or service not known | no mx record | no mx or a | no a or mx | no mx host | no a record | no mx/a | nxdomain | mx records point to non-existent | \
         bad destination system | bad destination host | unrouteable mail domain | unroutable mail domain | unrouteable domain | \
         domain couldn't be found | domain could not be found | domain wasn't found | domain is invalid | invalid domain | illegal host/domain | \
         null mx | indicated no smtp service | domain must exist | domain is not reachable | nullmx | does not accept mail | doesn't accept mail | does not accept email | does not accept e-mail | doesn't receive mail | does not receive mail | \
         couldn't find any host | responded with code nxdomain | doesn't receive email | does not receive email | domain not exist | couldn't find a host | couldn't find any mail | cannot find any mail | no mail server | no mail hosts for | \
         unable to resolve the domain | can't resolve | cannot resolve | unresolvable | unable to find mx | name server: host not found | \
         no route found to domain | infodomainnonexistent | domaine inconnu | domaine n'existe pas | dominio desconocido | dominio inexistente | host nicht gefunden | \
         domain unbekannt | 域名不存在 | domain is not recognized | no dns",
    ),
    (
        Reason::Moved,
        "has moved | have moved | user moved | account has moved | no longer works | no longer work for | no longer employed | no longer with | \
         address has changed | has changed address | address changed | changed their address | address is no longer in use | no longer in use | no longer in service | \
         no longer accepts | no longer accepting | no longer valid | no longer active | no longer available at | no longer on server | is no longer | \
         replaced by | left the company | has left | not local; please try | user not local | no longer a valid",
    ),
    (
        Reason::Disabled,
        "account disabled | account is disabled | account has been disabled | account is currently disabled | mailbox disabled | mailbox is disabled | mailbox has been disabled | \
         user disabled | user is disabled | recipient disabled | address disabled | disabled or discontinued | disabled recipient | disabled user | \
         has been disabled | has been deactivated | is deactivated | account deactivated | deactivated | discontinued | account expired | account has expired | \
         mailbox expired | expired account | expired mailbox | \
         user expired | has been deleted | was deleted | deleted mailbox | deleted or | account deleted | account closed | account is closed | mailbox closed | \
         account has been closed | mailbox has been closed | has been closed | has been removed | has been terminated | account terminated | account removed | \
         not active | inactive user | user is inactive | is inactive | account inactive | mailbox inactive | inactive mailbox | inactive account | inactive recipient | \
         mailbox is inactive | recipient inactive | not activated | is blocked by the owner | has been cancelled | \
         konto deaktiviert | postfach deaktiviert | gesperrt | konto zablokowane | konto zostalo zablokowane | compte désactivé | cuenta desactivada | cuenta deshabilitada | \
         mailbox currently disabled | zablokowan | отключен | заблокирован | 已停用 | 已禁用",
    ),
    (
        Reason::Suspended,
        "suspended | suspend | temporarily disabled | temporarily deactivated | temporarily inactive | temporarily blocked | temporarily locked | account locked | \
         mailbox locked | mailbox is locked | frozen | on hold | user temporarily",
    ),
    (
        Reason::Full,
        "mailbox full | mailbox is full | mailbox was full | box is full | box full | inbox is full | inbox full | mailbox too full | full mailbox | \
         over quota | overquota | over-quota | quota exceeded | quota exceed | exceeded quota | exceeds quota | exceed quota | exceeded their quota | exceeded his quota | exceeded the quota | \
         exceeded its quota | exceeded disk | exceeded email quota | exceeded storage | exceeded the storage | exceeded their storage | exceeds allowed quota | exceeding quota | \
         out of storage | out of disk | out of quota | quota violation | quota limit | storage quota | disk quota | mail quota | mailbox quota | user quota | quota full | \
         not enough storage space | not enough space | no space left on | mailbox size limit | maximum mailbox size | mailbox size exceed | mailbox exceeds | quotaexceeded | enough space | space has been used up | maximum allowed storage | zuviele mails | zu viele mails | has too many messages | mailbox exceeded | exceeds allowed size | user mailbox exceed | \
         mailbox has exceeded | mailbox limit | mailbox for this user is full | account is full | folder is full | mailfolder is full | is full | \
         user is over | is over the | overdrawn | over the allowed quota | over their | too full | too much mail data | exceeded allocated | size allotment | size quota | \
         storage limit | boîte pleine | boîte aux lettres pleine | boite pleine | quota dépassé | est pleine | postfach ist voll | postfach voll | mailbox ist voll | speicherplatz | \
         buzón lleno | buzón está lleno | casilla llena | cuota excedida | cuota superada | casella piena | casella è piena | mailbox vol | postvak vol | postbus vol | \
         skrzynka pełna | przepełnion | przekroczon | ящик переполнен | переполнен | превышена квота | \
         邮箱已满 | 信箱已滿 | 郵箱已滿 | 空间不足 | 容量超過 | 容量不足 | がいっぱい | 용량 초과 | 용량이",
    ),
    (
        Reason::TooLarge,
        "message too large | message is too large | message too big | message is too big | message size exceed | message exceeds | message file too big | message length exceed | \
         class=size | exceeds size limit | exceeded size limit | exceeds the size | exceeds maximum message | exceeds the maximum message | maximum message size | maximum size | \
         message size limit | size limit | too large | too big | too long | larger than the | fixed maximum | exceeds fixed | message header size | max message size | \
         maximum allowed size | exceeds the maximum | exceeded message size | exceeds limit | is larger than | header size exceed | size of the message | size exceeds",
    ),
    (
        Reason::Expired,
        "message expired | envelope expired | delivery time expired | delivery expired | delivery time limit | retry timeout exceeded | retry time not reached | message timed out | \
         queued too long | queue too long | been in the queue | been in my queue | been queued | message is too old | too old | timed out waiting | timed out while | timeout waiting | \
         timed out | timeout | time out | connection refused | connection was refused | refused connection | connection timed | connection failed | connection error | no route to host | network is unreachable | \
         network unreachable | connection lost | lost connection | lost input channel | connection dropped | connection was dropped | connection reset | connection closed | could not connect | couldn't connect | unable to connect | \
         unable to contact | cannot connect | can't connect | not responding | not respond | did not respond | no response | no answer from host | not answer | host is down | host down | \
         host unreachable | host is unreachable | unreachable | max retries | retry limit | retries exceeded | maximum retries | delivery attempts | retry attempts | hop count exceeded | too many hops | mail loop | \
         loops back | routing loop | loop detected | loop count | mail forwarding loop | possible mail loop | infinite loop | local configuration error | \
         undeliverable after | failed for the last | will keep trying | still being retried | will be retried | continue trying | keep trying | delivery delayed | has been delayed | \
         not yet been delivered | not been delivered yet | message delayed | time expired | cannot deliver for | read error | broken pipe | couldn't establish",
    ),
    (
        Reason::Slowed,
        "greylist | graylist | grey-list | gray-list | grey list | gray list | greylisted | temporarily deferred | temporarily rejected | temporarily refused | temporarily unavailable | \
         temporary failure | temporary error | temporary problem | temporary local problem | temporary system | temporary authentication | temporarily | deferred | \
         too many connections | too many concurrent | too many simultaneous | too many recipients | too many messages | too many emails | too many mails | too many sessions | too many open | \
         too many smtp sessions | rate limit | rate-limit | ratelimit | rate limited | throttl | mail too quickly | at a rate that | too fast | too frequent | \
         exceeded the rate | exceeded their limit | messages they can receive | exceeded the maximum number of | too busy | server busy | system busy | is busy | come back later | come back in | retry later | please retry | connect later | \
         maximum number of connections | number of recipients exceeds | limit on the number | excessive | message volume | try your request later",
    ),
    (
        Reason::System,
        "insufficient system | insufficient disk | insufficient resources | system resources | not accepting network messages | not accepting messages | system error | internal error | internal server error | \
         server error | local error | unexpected error | configuration error | system incorrectly configured | misconfigur | mail system configuration | system failure | i/o error | disk full | no space | out of memory | \
         lookup fail | mx record points to local host | mx records points to | not reachable | been collected after | could not find a gateway | name server timeout | name server failure | dns failure | dns error | dns temporary | \
          unable to lock | cannot open | can't open | cannot create | can't create | cannot write | can't write | could not write | permission denied to write | input/output | \
         service unavailable | service not available | service currently | system not capable | protocol error | bad sequence | command not implemented | syntax error | command unrecognized | \
         unrecognized command | queue file | can not lock | resources temporarily | program error | program returned | exit status | non-zero exit | unknown mailer error | mailer error | pipe to | \
         error in processing | error processing | processing error | child process | unable to process | not implemented | aliasing/forwarding loop",
    ),
    (
        Reason::Rate,
        "unusual rate | rate limit | rate-limit | ratelimit | throttl | mail too quickly | at a rate that | exceeded the rate | \
         too many connections | too many concurrent | too many messages | too many mails | too many emails",
    ),
    (
        Reason::Unresolved,
        "not found, try again | temporary lookup failure | lookup timed out | lookup timeout | servfail | name server timeout | \
         temporary dns | dns timeout | temporarily unable to resolve",
    ),
    (
        Reason::SenderRefused,
        "sender address rejected | sender address refused | sender rejected | sender denied | sender refused | sender not allowed | sender blocked | blocked sender | sender verify fail | sender verification | \
         sender address verification | could not verify sender | cannot verify sender | can't verify sender | invalid sender | sender invalid | sender unknown | unknown sender | \
         sender domain | sender's domain | domain of sender | sender id | bad sender | bad return path | bad mail from | mail from domain | your sender | your mail from | your domain does not | \
         your domain doesn't | envelope sender | envelope from | from address | return path | return-path | from domain | domain in mail from | domain of your | callback | call-back | callout | does not like sender | \
         sender email address | your e-mail address | sender mailbox | not accepted from | sender does not | not authorized sender | not allowed to send from | sender is not | badmailfrom | \
         expéditeur refus | absender abgelehnt | absender nicht",
    ),
    (
        Reason::RelayDenied,
        "relaying denied | relay denied | relaying not | relay not | relay access denied | unable to relay | cannot relay | can't relay | not relay | we do not relay | don't relay | no relay | not permitted to relay | \
         not allowed to relay | relaying is | relaying prohibited | relaying mail to | relay operation | relaying blocked | to relay | relayed from | relay restrict | anti-relay | third-party relay | third party relay | \
         rcpthosts | not a gateway | not an open relay | not hosted here | isn't hosted here | we don't handle mail for | do not handle mail for | not serviced | no local mailbox, relay | not one of our domains | \
         domain isn't allowed to be relayed | not a local domain",
    ),
    (
        Reason::SenderLimit,
        "sending limit | sending quota | sender quota | outgoing quota | daily sending | outbound quota | hourly limit | daily limit | recipients per day | messages per day | messages per hour | \
         mails per hour | emails per hour | your sending",
    ),
    (
        Reason::Policy,
        "tss0 | permanently deferred | all messages from | header error | go away | user refuses | refuse to receive | user reject | recipient preferences | not accepting any mail | spam | unsolicited | junk mail | junkmail | junk e-mail | bulk mail | bulk email | ube | uce | blacklist | black list | black-list | blocklist | block list | block-list | blocked | blocking | \
         rbl | dnsbl | spamhaus | spamcop | barracuda | sorbs | surbl | uribl | cloudmark | senderbase | cbl.abuseat | invaluement | truncate.gbudb | abuseat | \
         is listed | listed at | listed in dns | listed on | listed by | reputation | policy | policies | prohibited | prohibition | content rejected | rejected content | message content | content filter | \
         content restrict | content not | objectionable | offensive | undesirable | unwanted | inappropriate | rejected due to | rejected because | rejected for | rejected as | suspicious | suspect | phish | \
         fraud | virus | malware | infected | worm | trojan | banned | attachment | executable | file type | filtered | filter | \
         dmarc | spf | dkim | arc fail | authentication required | authentication failure | authentication failed | authentication fail | authentication check | unauthenticated | not authenticated | must be authenticated | \
         authenticate | isn't authenticated | reverse dns | rdns | ptr record | ptr lookup | no ptr | missing ptr | ptr | fcrdns | reverse lookup | resolve your | helo | ehlo | dynamic ip | dynamic address | dial-up | dialup | \
         residential | generic hostname | client host rejected | client host | client rejected | starttls | tls required | must use tls | tls is required | encryption required | encryption needed | not encrypted | \
         not authorized | not authorised | unauthorized | unauthorised | no authorization | not allowed | not permitted | disallowed | forbidden | permission denied | you do not have permission | don't have permission | \
         permissions to | restricted | restriction | not a member | non-member | members only | closed list | moderated | only accepts mail from | only accepts messages from | only accept mail from | does not accept messages from | \
         is refusing | refuses to accept | refused by | message refused | mail refused | message rejected | mail rejected | rejected message | rejects your | your message was rejected | \
         bounced by administrator | administrator has | administrative | abuse | complaint | your ip | your server | your host | your network | ip address | from your | ip range | netblock | sent by a bot | botnet | \
         challenge | whitelist | white list | guest list | low reputation | bad reputation | poor reputation | intrusion | hacked | compromised | fingerprint | fuzzy | heuristic | bayes | \
         s3140 | s3150 | ts01] | ts02] | ts03] | ph01] | as(4 | bl000 | rp-001 | sc-00 | dy-00 | rly:b | rtr:b | cnct:r | hvu:b | dnf:b | jmrp | postgrey policy | ungewollt | unerwünscht | indésirable | no deseado | \
         bloqueado | bloccat | bloqué | blockiert | geblockt | geweigerd | geblokkeerd | odrzucon | отклонен | спам | 垃圾邮件 | 垃圾郵件 | 拒绝 | 拒絕 | 迷惑メール | 스팸 | \
         delivery not authorized | security | unsafe | insecure | quarantin | suspected | violat | honeypot | trap",
    ),
    (
        Reason::Unclear,
        "recipient address rejected | recipient rejected | recipient refused | address rejected | rejected recipient | recipients rejected | requested action not taken | transaction failed | \
         all recipients refused | access denied",
    ),
    (
        Reason::Perhaps(Weak::User),
        "unknown | invalid | no longer | not found | recipient rejected | address rejected | mailbox unavailable | recipient refused | illegal | malformed | no mailbox | bad syntax",
    ),
    (Reason::Perhaps(Weak::Policy), "rejected | refused | denied | not accepted | unacceptable | access denied"),
    (
        Reason::Perhaps(Weak::Later),
        "try again later | try later | try again | again later | later | unable to deliver | unavailable | connection | dns | timeout",
    ),
    (Reason::Perhaps(Weak::Full), "quota | disk space | storage space | no space | full"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_are_written_as_texts_are_folded() {
        assert_eq!(REASONS.faults(), Vec::<&str>::new());
    }
}
