//! The words by which a report of a failed delivery is known, where it is no delivery status report.

use super::lexicon::Lexicon;
use std::sync::LazyLock;

/// What a subject tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectSign {
    Failure,
    Delay,
    /// The report of a delivery that worked, or of a reading.
    Success,
    /// An absence, a receipt, a question back.
    Answer,
}

pub(super) static SUBJECTS: LazyLock<Lexicon<SubjectSign>> = LazyLock::new(|| Lexicon::new(SUBJECT_TABLE));

const SUBJECT_TABLE: &[(SubjectSign, &str)] = &[
    // English
    (
        SubjectSign::Failure,
        "undeliverable | undelivered mail | undelivered message | undelivered e-mail | returned mail | \
         returned to sender | returning message to sender | return to sender | returned message | \
         returned email | delivery failure | delivery failed | delivery has failed | \
         delivery status notification | delivery notification: delivery | delivery report | \
         delivery problem | delivery error | delivery unsuccessful | failed delivery | failed mail | \
         failure notice | failure delivery | failure to deliver | failed to deliver | mail failure | \
         mail failed | mail error | mail system error | mail transport failure | message delivery fail | \
         message not delivered | message undeliverable | message status - undeliverable | \
         mail status report | nondeliverable | non-deliverable | non deliverable | nondelivery | \
         non-delivery | non delivery | not delivered | not deliverable | could not be delivered | \
         couldn't be delivered | cannot be delivered | can't be delivered | unable to deliver | \
         cannot send message | could not send message | unknown address | user unknown | unknown user | \
         unknown recipient | invalid recipient | bounced mail | ndn: | ndr: | mailbox full | \
         mailbox is full | your message could not | your message wasn't delivered | rejected mail | \
         mail rejected | message rejected | unsent message | address not found | \
         permanent delivery failure | problem delivering | problems delivering | error sending | \
         smtp error | mail could not | message could not",
    ),
    // German
    (
        SubjectSign::Failure,
        "unzustellbar | nicht zustellbar | nicht zugestellt | zustellung fehlgeschlagen | \
         zustellung gescheitert | fehlgeschlagene zustellung | zustellfehler | unzustellbare | \
         übermittlungsfehler",
    ),
    // French
    (
        SubjectSign::Failure,
        "non remis | non distribu | non délivr | échec de la remise | échec de remise | \
         échec de la distribution | échec de livraison | échec d'envoi | échec de l'envoi | \
         retourné à l'expéditeur | impossible de remettre | impossible à remettre | \
         notification d'état de remise",
    ),
    // Spanish
    (
        SubjectSign::Failure,
        "no se puede entregar | no se pudo entregar | no se ha podido entregar | no entregado | \
         no entregable | imposible entregar | error en la entrega | error de entrega | fallo en la entrega | \
         fallo de entrega | entrega fallida | devuelto al remitente | correo devuelto | \
         notificación del estado de entrega",
    ),
    // Italian
    (
        SubjectSign::Failure,
        "non recapitabile | mancato recapito | mancata consegna | impossibile recapitare | \
         recapito non riuscito | consegna non riuscita",
    ),
    // Dutch
    (
        SubjectSign::Failure,
        "niet worden afgeleverd | niet worden bezorgd | onbestelbaar | niet bezorgd | niet afgeleverd | kan niet worden bezorgd | bezorging mislukt | \
         aflevering mislukt",
    ),
    // Portuguese
    (
        SubjectSign::Failure,
        "não entregue | não é possível entregar | não foi possível entregar | falha na entrega | \
         falha de entrega | erro na entrega | mensagem devolvida",
    ),
    // Polish
    (
        SubjectSign::Failure,
        "niedostarczaln | nie dostarczon | niedostarczon | nie można dostarczyć | błąd dostarcz | \
         zwrot wiadomości",
    ),
    // Swedish, Danish, Norwegian, Finnish
    (
        SubjectSign::Failure,
        "olevererbar | olevererat | kan inte levereras | gick inte att leverera | går inte att leverera | \
         leveransfel | ikke leveret | kan ikke leveres | kunne ikke leveres | leveringsfejl | ikke levert | \
         leveringsfeil | kan ikke levere | uleverbar | ei voi toimittaa | ei voitu toimittaa | \
         toimitus epäonnistui",
    ),
    // Czech, Slovak, Hungarian, Romanian, Turkish, Greek
    (
        SubjectSign::Failure,
        "nedoručiteln | nelze doručit | nedoručen | nedoručiteľn | kézbesíthetetlen | nem kézbesíthető | \
         nelivrabil | nu a putut fi livrat | teslim edilemedi | teslim edilemeyen | iletilemedi | \
         δεν παραδόθηκε | αδύνατη η παράδοση | μη παραδοτέο",
    ),
    // Russian, Ukrainian
    (
        SubjectSign::Failure,
        "недоставлен | не доставлен | недоставляем | не может быть доставлен | не удалось доставить | \
         ошибка доставки | невозможно доставить | не вдалося доставити | недоставлене",
    ),
    // Chinese, Japanese, Korean
    (
        SubjectSign::Failure,
        "退信 | 无法投递 | 无法送达 | 未送达 | 无法传递 | 未传递 | 投递失败 | 发送失败 | 系统退信 | 無法傳遞 | 未傳遞的 | 無法投遞 | 傳遞失敗 | 退件 | メールエラー | エラー通知 | エラーメール | 配信不能 | \
         配信できません | 配信エラー | 送信エラー | 送信できません | 未配信 | 宛先不明 | 배달되지 | 배달 못 | 전달되지 | 전송 실패 | 발송 실패 | 반송 | 발송실패 | 전송실패 | 전송되지",
    ),
    // Arabic, Hebrew, Vietnamese, Indonesian, Thai
    (
        SubjectSign::Failure,
        "تعذر تسليم | لم يتم تسليم | لم يتم توصيل | לא ניתן למסירה | לא נמסר | không thể gửi | \
         không gửi được | tidak terkirim | tidak dapat dikirim | ไม่สามารถส่ง",
    ),
    (
        SubjectSign::Delay,
        "not yet been delivered | not yet delivered | delivery warning | delayed mail | delivery delayed | delivery delay | message delayed | mail delayed | \
         notification (delay) | delivery is delayed | delivery notification: delivery has been delayed | \
         will keep trying | still being retried | could not send message for past | \
         verzögerung bei der zustellung | verzögerte zustellung | zustellung verzögert | remise retardée | \
         remise différée | entrega retrasada | entrega demorada | recapito ritardato | bezorging vertraagd | \
         opóźnienie dostarcz | försenad leverans | доставка отложена",
    ),
    (
        SubjectSign::Success,
        "notification (success) | notification (relay) | successful mail delivery | mail delivered | \
         delivered: | relayed: | delivery receipt | delivery confirmation | return receipt | read receipt | \
         read: | not read: | gelesen: | ungelesen: | zugestellt: | übermittelt: | lu : | lu: | remis : | \
         leído: | entregado: | letto: | consegnato: | gelezen: | bezorgd: | confirmation de remise | \
         empfangsbestätigung | lesebestätigung",
    ),
    (
        SubjectSign::Answer,
        "out of office | out of the office | out-of-office | automatic reply | autoreply | auto-reply | \
         auto reply | auto response | autoresponse | automatische antwort | abwesen | réponse automatique | \
         absence | absent | respuesta automática | risposta automatica | automatisch antwoord | \
         resposta automática | autosvar | automatická odpověď | odpowiedź automatyczna | автоответ | 自动回复 | \
         自動回覆 | 自動返信 | vacation | on leave | verify your | action required | confirm your | ticket",
    ),
];

/// What the sender's address and name tell.
pub(super) static DAEMONS: LazyLock<Lexicon<()>> = LazyLock::new(|| Lexicon::new(&[((), DAEMON_WORDS)]));

const DAEMON_WORDS: &str = "mailer-daemon | mailer-deamon | mailer_daemon | mailerdaemon | mailer daemon | mail-daemon | \
     mail_daemon | maildaemon | mail daemon | mail-deamon | mail delivery | mail-delivery | mail_delivery | \
     maildelivery | message delivery | mail system | mailsystem | mail administrator | mail admin | \
     mailadmin | mailserver | mail server | mail-server | mail router | system administrator | \
     systemadministrator | administrateur syst | administrador del sistema | systembeheerder | \
     administrator systemu | systemadministratör | postmaster | post_master | post master | email-bounce | \
     microsoftexchange | microsoft exchange | microsoft outlook < | exchange administrator | \
     delivery subsystem | delivery system | delivery service | delivery agent | smtp-daemon | smtp daemon | \
     daemon@ | mdaemon | mmdf | internet mail | internetmail | mail transfer | mta@ | bounce@ | bounces@ | \
     bounce- | bounces+ | bounce+ | devnull@ | nobody@ | mail gateway | mailgateway | mail relay | \
     email delivery | e-mail delivery | notification system | non-delivery | mail subsystem | lotus notes | \
     notes router | groupwise | complaints@email-abuse.amazonses.com | mailprocessor | root@";

/// What a text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodySign {
    /// The words of a mail server that nobody else writes.
    Server,
    /// Words of a failed delivery that a person may write too.
    Failure,
    /// A server's answer is quoted.
    Smtp,
    /// The words that stand before a returned mail.
    Returned,
    /// It worked, or somebody is asked to prove who they are.
    Other,
}

pub(super) static BODIES: LazyLock<Lexicon<BodySign>> = LazyLock::new(|| Lexicon::new(BODY_TABLE));

const BODY_TABLE: &[(BodySign, &str)] = &[
    (
        BodySign::Server,
        "this is the mail system at | i'm sorry to have to inform you that your message | \
         i'm sorry to have to inform you that the message | could not be delivered to one or more | \
         this is the qmail-send program | qmail-send program at | i wasn't able to deliver your message | \
         i was not able to deliver your message | i'm not able to deliver your message | \
         this is a permanent error; i've given up | this message was created automatically by | \
         this message was generated automatically by | a message that you sent could not be delivered | \
         a message that you sent has not yet been delivered | a message you sent could not be delivered | \
         the following address(es) failed | the following addresses had | the following address had | \
         transcript of session follows | transcript of the smtp session | this is a warning message only | \
         you do not need to resend your message | delivery to the following recipient | \
         delivery to these recipients | delivery to this recipient | failed permanently | \
         your message wasn't delivered to | your message to the following recipients | \
         your mail to the following recipients | your message has not been delivered | \
         did not reach the following recipient | did not reach the intended recipient | \
         could not be delivered to the following | couldn't be delivered to the following | \
         cannot be delivered to the following | was not delivered to the following | \
         not be delivered to the following | unable to deliver message to the following | \
         unable to deliver to the following | unable to deliver your message to the following | \
         unable to deliver mail to the following | delivery has failed to these recipients | \
         delivery has failed on the enclosed message | delivery has been delayed to | \
         the original message was received at | reporting-mta: | final-recipient: | original-recipient: | \
         diagnostic-code: | remote-mta: | action: failed | message expired for domain | generating server: | \
         diagnostic information for administrators | delivery attempts will continue | \
         list of failed recipients | failed addresses follow | failed recipient: | failed recipients: | \
         message could not be delivered to | your message was not delivered because | \
         the message that you sent was undeliverable | the message you sent was undeliverable | \
         the following message to < | is attached below | has been returned because | \
         the user(s) account is | the mail server responded | per session relay | \
         no transport provider was available | unknown recipient. | an error was detected while processing | \
         reason for failure | error message follows | the e-mail system was unable to deliver | \
         the email system was unable to deliver | recipient's mail server | recipients' mail server | \
         server hosting your recipient | the response from the remote server | response was: | \
         the error that the other server returned was | the error reported by | remote host said | \
         host said: | said in response to | giving up on | wasn't found at | technical details of | \
         google tried to deliver your message | message from yahoo.com | \
         sorry, we were unable to deliver your message | sorry we were unable to deliver your message | \
         sorry, your message to | sorry your message to | sent to the following recipient | \
         undeliverable mail | undelivered mail | undeliverable address | undeliverable to | \
         your message cannot be delivered | returned mail | the recipient's e-mail address | \
         der mailserver | konnte nicht an | folgende empfänger | folgenden empfänger | \
         remis aux destinataires suivants | destinataires suivants | destinatarios siguientes | \
         siguientes destinatarios | destinatari seguenti | seguenti destinatari | volgende geadresseerden | \
         volgende ontvangers | seguintes destinatários | destinatários a seguir | następujących adresatów | \
         następującym odbiorcom | följande mottagare | følgende modtagere | følgende mottakere | \
         следующим получателям | следующих получателей | 收件人邮件地址 | 以下收件人 | 下列收件人 | 次の受信者 | 次のあて先 | 次の宛先 | \
         다음 받는 사람 | 다음 수신자",
    ),
    (
        BodySign::Failure,
        "not yet been delivered | been postponed | not a valid user | could not be delivered | couldn't be delivered | cannot be delivered | can not be delivered | \
         can't be delivered | was not delivered | wasn't delivered | were not delivered | \
         not been delivered | not be delivered | undeliverable | undelivered | unable to deliver | \
         could not deliver | couldn't deliver | cannot deliver | failed to deliver | failure to deliver | \
         delivery failed | delivery failure | delivery error | delivery of your message | delivery to the | \
         was rejected | has been rejected | been returned | being returned | was returned | \
         returned to you | non-delivery | nondelivery | did not reach | user unknown | unknown user | \
         no such user | no such address | unknown address | unknown recipient | invalid recipient | \
         recipient address rejected | does not exist | doesn't exist | mailbox full | mailbox is full | \
         mailbox unavailable | over quota | quota exceeded | host unknown | unknown host | message refused | \
         konnte nicht zugestellt | nicht zugestellt werden | unzustellbar | nicht zustellbar | \
         zustellung fehlgeschlagen | fehlgeschlagen | nicht ausgeliefert | n'a pas pu être | n'a pu être | \
         n'a pas été remis | non remis | échec de la remise | impossible de remettre | \
         no se ha podido entregar | no se pudo entregar | no se puede entregar | \
         no ha podido ser entregado | no pudo ser entregado | no ha sido entregado | error en la entrega | \
         non è stato possibile | impossibile recapitare | mancato recapito | mancata consegna | \
         non può essere consegnat | non è stato recapitato | kon niet worden | kan niet worden | \
         onbestelbaar | niet worden bezorgd | niet worden afgeleverd | não pôde ser entregue | \
         não foi possível entregar | não pode ser entregue | não foi entregue | falha na entrega | \
         nie można dostarczyć | nie mogła zostać dostarczona | nie mogla zostac dostarczona | \
         nie została dostarczona | nie zostala dostarczona | nie udało się dostarczyć | nie dostarczono | \
         niedostarczaln | kunde inte levereras | kan inte levereras | kunne ikke leveres | \
         kan ikke leveres | blev ikke leveret | ble ikke levert | ei voitu toimittaa | \
         toimitus epäonnistui | nelze doručit | nebyla doručena | nepodařilo se doručit | kézbesít | \
         nu a putut fi livrat | teslim edilemedi | iletilemedi | не удалось доставить | \
         не может быть доставлен | не было доставлено | не доставлен | невозможно доставить | \
         не вдалося доставити | 配信不能 | 配信でき | 配送でき | 送信でき | お届けでき | 届けることができ | 届きません | 配信に失敗 | 退信 | 被退回 | \
         无法投递 | 无法送达 | 未能送达 | 无法传递 | 投递失败 | 发送失败 | 無法傳遞 | 無法投遞 | 傳遞失敗 | 배달되지 | 배달할 수 없 | 전달되지 | 전달할 수 없 | \
         전송하지 못 | לא ניתן למסור | تعذر تسليم | لم يتم تسليم | không thể gửi | không gửi được | \
         tidak dapat dikirim",
    ),
    (
        BodySign::Smtp,
        "said: 5 | said: 4 | said: <<< 5 | smtp; 5 | smtp; 4 | smtp;5 | smtp;4 | <<< 5 | <<< 4 | error: 5 | \
         error: 4 | error: smtp | smtp error | smtp code | response: 5 | response: 4 | responded: 5 | \
         replied: 5 | reply: 5 | reply was: 5 | returned: 5 | error was: 5 | was: \"5 | was: 5 | \
         server error: '5 | (state 1 | rcpt to:< | rcpt to: < | error code 5 | reason: 5 | #5. | #4. | \
         #smtp# | #< | (#5 | 5.1.1 | 5.7.1 | 5.2.2 | sends 5 | answer: 5 | message: 5",
    ),
    (
        BodySign::Returned,
        "below this line is a copy of the message | this is a copy of the message | \
         this is a copy of your message | this is a copy of the original | copy of your message | \
         copy of the original message | copy of the message | original message follows | \
         original message attached | original message is attached | original message headers | \
         message header follows | message headers follow | header of the original message | \
         headers of the original message | header from the original message | unsent message follows | \
         unsent message below | returned message below | text of message follows | the message was: | \
         full original message | your original message | die ursprüngliche nachricht | en-têtes du message | \
         encabezados del mensaje original | oryginalna wiadomość",
    ),
    (
        BodySign::Other,
        "successfully delivered | was successfully | has been successfully | have been delivered | \
         delivery notification is enabled | challenge | awaiting your verification | \
         click the link below to | to complete this verification | added to my guest list | boxbe | \
         spamarrest | waiting list | please confirm that you | verify that you",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_are_written_as_texts_are_folded() {
        assert_eq!((SUBJECTS.faults(), DAEMONS.faults(), BODIES.faults()), (vec![], vec![], vec![]));
    }
}
