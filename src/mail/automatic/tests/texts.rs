//! Texts without headers, as platforms hand them on.

use super::{Is, hold_texts};

#[test]
#[rustfmt::skip]
fn notices_without_headers_and_subject_in_english() {
    hold_texts(&[
        ("the usual", "Re: Hello", "Thank you for your email. I am currently out of the office and will be back on Monday, 17 August. For urgent matters please contact my colleague Bob at bob@customer.example.", Is::AwayUntil(17)),
        ("short, with an end", "Re: Hello", "I am out of the office until 17 August. Best, Ada", Is::AwayUntil(17)),
        ("limited access", "Re: Hello", "I'm currently out of the office with limited access to my email.", Is::Away),
        ("annual leave", "Re: Hello", "Hi there, I am on annual leave, returning Monday 17th August. I won't be monitoring my emails.", Is::AwayUntil(17)),
        ("maternity leave", "Re: Hello", "Thanks for your message. I'm now on maternity leave. In my absence please contact Bob.", Is::Away),
        ("parental leave", "", "Hello, I am on parental leave until May 2027. My colleague Bob will take care of your request during my absence.", Is::Away),
        ("sick leave", "", "I am on sick leave. Your email will not be forwarded.", Is::Away),
        ("Notes", "", "I will be out of the office starting 08/03/2026 and will not return until 08/17/2026. I will respond to your message when I return.", Is::AwayUntil(17)),
        ("public holiday", "", "Our office is closed for the public holiday. We will be back on Tuesday, 4 August. In urgent cases call our hotline.", Is::AwayUntil(4)),
        ("company closure", "", "Please note that our offices are closed from 3 August to 14 August for the summer. We will answer your message when we return.", Is::AwayUntil(15)),
        ("says that it is automatic", "", "This is an automated reply. I am away and will answer on my return.", Is::Away),
        ("a conference", "", "I am attending a conference this week with limited access to email. I will reply upon my return.", Is::Away),
        ("no verb", "", "Out of the office until Monday 17 August, please contact my assistant for anything urgent.", Is::AwayUntil(17)),
        ("nothing else", "Re: Hello", "I am currently out of the office.", Is::Away),
        ("in letters", "Re: Hello", "Hi! I'm currently OOO until Friday.", Is::AwayUntil(7)),
        ("little access alone", "Re: Hello", "I will have limited email access this week. Please contact Bob for urgent matters.", Is::Away),
        ("closed, nothing else", "Re: Hello", "Our office is closed for the holidays until 10 August.", Is::AwayUntil(10)),
        ("a heading in the text", "Re: Hello", "Auto-reply: I'm traveling and will respond when I return on August 17th.", Is::AwayUntil(17)),
        ("a short question of a notice", "Re: Hello", "I am on annual leave until 17 August. Urgent? Please contact my colleague.", Is::AwayUntil(17)),
        ("travelling", "", "I am travelling this week and responses may be delayed. For immediate assistance please contact my assistant.", Is::Away),
    ]);
}

#[test]
#[rustfmt::skip]
fn notices_without_headers_and_subject_in_other_languages() {
    hold_texts(&[
        ("de", "", "Vielen Dank für Ihre E-Mail. Ich bin derzeit nicht im Büro und ab dem 17.08. wieder erreichbar. In dringenden Fällen wenden Sie sich bitte an meine Kollegin.", Is::AwayUntil(17)),
        ("de, nicht weitergeleitet", "", "Ich bin bis einschließlich 14. August im Urlaub. Ihre E-Mail wird nicht weitergeleitet.", Is::AwayUntil(15)),
        ("de, Elternzeit", "", "Guten Tag, ich befinde mich in Elternzeit. Meine Vertretung ist Herr Klein.", Is::Away),
        ("de, Betriebsferien", "", "Wir haben Betriebsferien vom 3. bis 14. August und sind ab dem 17. August wieder für Sie da.", Is::AwayUntil(17)),
        ("de, mit ue", "", "Ich bin nicht im Buero. Ab dem 17.8. bin ich wieder zurueck.", Is::AwayUntil(17)),
        ("fr", "", "Bonjour, je suis absente du bureau jusqu'au 17 août. En cas d'urgence, merci de contacter mon collègue.", Is::AwayUntil(17)),
        ("fr, congés", "", "Je suis actuellement en congés et serai de retour le 17 août. Je répondrai à votre message à mon retour.", Is::AwayUntil(17)),
        ("fr, fermeture", "", "Nos bureaux sont fermés du 3 au 14 août. Nous répondrons à votre message à notre retour.", Is::AwayUntil(15)),
        ("es", "", "Gracias por su correo. Estoy fuera de la oficina hasta el 17 de agosto. En caso de urgencia, contacte con mi compañera.", Is::AwayUntil(17)),
        ("es, vacaciones", "", "Estaré de vacaciones del 3 al 14 de agosto. Responderé a mi regreso.", Is::AwayUntil(15)),
        ("it", "", "Grazie per la tua email. Sono fuori ufficio fino al 17 agosto. Per urgenze contattare il mio collega.", Is::AwayUntil(17)),
        ("it, ferie", "", "Sono in ferie e rientrerò il 17 agosto. Risponderò al mio rientro.", Is::AwayUntil(17)),
        ("nl", "", "Bedankt voor uw bericht. Ik ben afwezig t/m 14 augustus. Voor dringende zaken kunt u contact opnemen met mijn collega.", Is::AwayUntil(15)),
        ("nl, vakantie", "", "Ik ben op vakantie en ben 17 augustus weer bereikbaar. Uw mail wordt niet doorgestuurd.", Is::AwayUntil(17)),
        ("pt", "", "Obrigado pela sua mensagem. Estou de férias até 17 de agosto. Para assuntos urgentes, contacte a minha colega.", Is::AwayUntil(17)),
        ("pt, ausente", "", "Encontro-me ausente do escritório. Responderei após o meu regresso no dia 17/08.", Is::AwayUntil(17)),
        ("pl", "", "Dziękuję za wiadomość. Jestem na urlopie do 17 sierpnia. W sprawach pilnych proszę o kontakt z moim kolegą.", Is::AwayUntil(17)),
        ("pl, nieobecna", "", "Jestem nieobecna w biurze. Odpowiem po powrocie 17 sierpnia.", Is::AwayUntil(17)),
        ("sv", "", "Tack för ditt mejl. Jag är på semester till den 17 augusti. Vid brådskande ärenden kontakta min kollega.", Is::AwayUntil(17)),
        ("sv, föräldraledig", "", "Jag är föräldraledig och läser inte min mail. Kontakta min kollega Eva.", Is::Away),
        ("da", "", "Tak for din mail. Jeg holder ferie til og med den 14. august. Kontakt min kollega ved hastende henvendelser.", Is::AwayUntil(15)),
        ("no", "", "Takk for din e-post. Jeg er på ferie og er tilbake mandag 17. august. Ved hastesaker kontakt min kollega.", Is::AwayUntil(17)),
        ("fi", "", "Kiitos viestistäsi. Olen lomalla 17.8. asti. Kiireellisissä asioissa ota yhteyttä kollegaani.", Is::AwayUntil(17)),
        ("cs", "", "Děkuji za Vaši zprávu. Jsem na dovolené do 17. 8. V naléhavých případech kontaktujte prosím kolegu.", Is::AwayUntil(17)),
        ("ru", "", "Спасибо за ваше письмо. Я в отпуске до 17 августа. По срочным вопросам обращайтесь к коллеге.", Is::AwayUntil(17)),
        ("ja", "", "メールありがとうございます。8月14日まで不在にしております。お急ぎの場合は弊社代表までご連絡ください。", Is::AwayUntil(15)),
        ("ja, closed", "", "いつもお世話になっております。8月10日から8月16日まで夏季休業とさせていただきます。", Is::AwayUntil(17)),
        ("zh", "", "感谢您的来信。我正在休假，将于8月17日返回办公室。如有急事请联系我的同事。", Is::AwayUntil(17)),
        ("ko", "", "메일 감사합니다. 8월 14일까지 휴가입니다. 급한 용무는 동료에게 연락 주시기 바랍니다.", Is::AwayUntil(15)),
        ("two languages", "", "English below\n\nIch bin bis 17. August nicht im Büro.\n\nI am out of the office until August 17.", Is::AwayUntil(17)),
    ]);
}

#[test]
#[rustfmt::skip]
fn whoever_has_left() {
    hold_texts(&[
        ("en", "Automatic reply: Hello", "Ada Miller is no longer with Customer Ltd. Please direct all enquiries to Bob.", Is::Left),
        ("en, first person", "Automatic reply: Hello", "I have left the company. Please contact Bob instead.", Is::Left),
        ("en, a name of a company", "Re: Hello", "Thank you for your message. Please note that John Smith has left Customer Ltd. Please redirect your query to Bob.", Is::Left),
        ("de, a new address, the old one goes", "Automatische Antwort: Hallo", "Meine E-Mail-Adresse hat sich geändert. Die alte Adresse wird zum Jahresende abgeschaltet.", Is::Other),
        ("en, recently", "Re: Hello", "I am writing to let you know that I have recently left my role at Customer Ltd.", Is::Left),
        ("en, since a day", "Re: Hello", "As of 27 July I am no longer with Customer and will not be monitoring this inbox.", Is::Left),
        ("en, disabled", "Automatic reply: Hello", "This email account has been disabled and is no longer available. Please contact Bob.", Is::Left),
        ("en, retired", "Auto: Hello", "I have now retired. For sales matters please contact my colleague Bob.", Is::Left),
        ("en, no longer monitored", "Automatic reply: Hello", "This mailbox is no longer monitored.", Is::Left),
        ("en, a new address, and still there", "Automatic reply: Hello", "My email address has changed. Please update your records.", Is::Other),
        ("en, without a sign in the subject", "Re: Hello", "Thank you for your email. I no longer work for Customer Ltd. Please contact my colleague Bob.", Is::Left),
        ("de", "Automatische Antwort: Hallo", "Frau Müller hat unser Unternehmen zum 31. März verlassen. Bitte wenden Sie sich an Herrn Klein.", Is::Left),
        ("de, nicht mehr tätig", "Automatische Antwort: Hallo", "Ich bin nicht mehr für die Kunde GmbH tätig.", Is::Left),
        ("de, Postfach", "Automatische Antwort: Hallo", "Dieses Postfach wird nicht mehr gelesen.", Is::Left),
        ("de, Ruhestand", "Automatische Antwort: Hallo", "Ich bin seit dem 1. Mai im Ruhestand.", Is::Left),
        ("fr", "Réponse automatique : Bonjour", "Je ne fais plus partie de la société. Merci de contacter M. Petit.", Is::Left),
        ("fr, quitté", "Réponse automatique : Bonjour", "Mme Martin a quitté l'entreprise.", Is::Left),
        ("es", "Respuesta automática: Hola", "Ya no trabajo con la empresa. Por favor, envíe sus correos a Bob.", Is::Left),
        ("es, cuenta", "Automatic reply: Hola", "Esta cuenta se encuentra actualmente deshabilitada.", Is::Left),
        ("it", "Risposta automatica: Ciao", "Non lavoro più in azienda. Si prega di contattare il collega.", Is::Left),
        ("nl", "Automatisch antwoord: Hallo", "Ik ben niet meer werkzaam bij dit bedrijf.", Is::Left),
        ("pt", "Resposta automática: Olá", "Já não trabalho na empresa.", Is::Left),
        ("pl", "Automatyczna odpowiedź: Cześć", "Nie pracuję już w firmie.", Is::Left),
        ("sv", "Autosvar: Hej", "Jag har slutat på företaget.", Is::Left),
        ("da", "Automatisk svar: Hej", "Jeg er ikke længere ansat i virksomheden.", Is::Left),
        ("no", "Automatisk svar: Hei", "Jeg jobber ikke lenger her. Jeg har sluttet.", Is::Left),
        ("an absence that names a colleague who left stays one", "Automatic reply: Hello", "I am on leave until 17 August. My colleague Tom is no longer with the company, so please contact Bob.", Is::AwayUntil(17)),
        ("left the office for the day", "Automatic reply: Hello", "I have left the office for the day and will be back tomorrow.", Is::AwayUntil(4)),
    ]);
}

#[test]
#[rustfmt::skip]
fn receipts() {
    hold_texts(&[
        ("ticket", "Re: Hello", "Your support ticket has been created. Your ticket number is 4711. Please do not reply to this email.", Is::Receipt),
        ("request received", "Re: Hello", "Thank you for contacting us. We have received your request and will respond within 24 hours.", Is::Receipt),
        ("a form", "Your request has been received", "Thank you for your message through our contact form. We will answer within two business days.", Is::Receipt),
        ("expect an answer", "Re: Hello", "Thanks for getting in touch! Please expect a response from our customer service team within two working days.", Is::Receipt),
        ("our own mail below", "Re: Hello", "This message has been automatically generated in response to the creation of a ticket. Your ticket has been assigned an ID of 4711.\n\nHello, would Tuesday suit for a call? Let me know.", Is::Receipt),
        ("type your reply above", "Re: Hello", "##- Please type your reply above this line -##\nYour request (4711) has been received and is being reviewed by our support staff.", Is::Receipt),
        ("application", "Automatic reply: Application", "Thank you for your application. We have received your documents.", Is::Receipt),
        ("automatic, polite", "Automatic reply: Hello", "Thank you for your message. One of our team will be in touch as soon as possible.", Is::Receipt),
        ("de", "Re: Hallo", "Vielen Dank für Ihre Nachricht. Wir haben Ihre Anfrage erhalten und melden uns schnellstmöglich. Ihre Ticketnummer lautet 4711.", Is::Receipt),
        ("de, Eingang", "Eingangsbestätigung Ihrer Anfrage", "Hiermit bestätigen wir den Eingang Ihrer E-Mail. Diese Nachricht wurde automatisch erstellt.", Is::Receipt),
        ("fr", "Accusé de réception", "Nous avons bien reçu votre demande et nous vous répondrons dans les plus brefs délais. Ceci est un message automatique.", Is::Receipt),
        ("es", "Re: Hola", "Hemos recibido su solicitud. Su número de ticket es 4711. Nos pondremos en contacto a la mayor brevedad.", Is::Receipt),
        ("it", "Re: Ciao", "Abbiamo ricevuto la sua richiesta. Numero di ticket: 4711. Le risponderemo al più presto.", Is::Receipt),
        ("nl", "Re: Hallo", "Wij hebben uw bericht ontvangen. Uw ticketnummer is 4711. Wij nemen zo snel mogelijk contact met u op.", Is::Receipt),
        ("pt", "Re: Olá", "Recebemos a sua mensagem. O número do seu chamado é 4711 e entraremos em contato o mais breve possível.", Is::Receipt),
        ("pl", "Re: Cześć", "Potwierdzamy otrzymanie wiadomości. Numer zgłoszenia: 4711. Odpowiemy najszybciej jak to możliwe.", Is::Receipt),
        ("a receipt of an office that is closed", "Automatic reply: Hello", "We have received your request, ticket number is 4711. Our office is closed on weekends.", Is::Receipt),
    ]);
}

#[test]
#[rustfmt::skip]
fn people_who_speak_of_absences_stay_people() {
    hold_texts(&[
        ("asks to call", "Re: Hello", "I am on vacation next week, call me the week after.", Is::Person),
        ("ping me", "Re: Hello", "I'm on holiday next week, ping me after.", Is::Person),
        ("a question", "Re: Hello", "I'm out of the office until Monday, can you send me the pricing?", Is::Person),
        ("let's talk", "Re: Hello", "I'm on vacation until the 17th. Let's talk when I'm back.", Is::Person),
        ("was away", "Re: Hello", "Sorry for the late reply, I was out of the office last week. Sounds interesting.", Is::Person),
        ("is back", "Re: Automatic reply: Hello", "I'm back from vacation now. What is the price?", Is::Person),
        ("back from leave", "Re: Hello", "Hi, I just got back from parental leave, so let me know what you need.", Is::Person),
        ("not interested", "Re: Out of office", "We are not interested, thanks.", Is::Person),
        ("of a product", "Re: Hello", "We already use an automatic reply tool. No thanks.", Is::Person),
        ("suspects a machine", "Re: Hello", "I guess this is an automated email, but please remove me from your list.", Is::Person),
        ("of a colleague who is out", "Re: Hello", "Nancy is out until Monday, I'll ask her when she is back.", Is::Person),
        ("of a colleague who left", "Re: Hello", "My colleague Tom is no longer with us. I can take the call instead.", Is::Person),
        ("of a leave to come", "Re: Hello", "I'll be out of the office from Wednesday, so please send the contract before then.", Is::Person),
        ("of a colleague", "Re: Hello", "Jane is on maternity leave and I'm covering for her. How much does it cost?", Is::Person),
        ("no longer interested", "Re: Hello", "We are no longer interested in this.", Is::Person),
        ("no longer with that vendor", "Re: Hello", "We're no longer with that vendor, so your timing is good. Can you call?", Is::Person),
        ("a colleague who left, to be removed", "Re: Hello", "Thank you for your email. Ada is no longer with our company. Please remove her from your list.", Is::Person),
        ("on vacation, but interested", "Re: Hello", "I'm on vacation until the 20th but interested!", Is::Person),
        ("has received", "Re: Hello", "I have received your email and will look at it next week.", Is::Person),
        ("short and plain", "Re: Hello", "Thanks!", Is::Person),
        ("empty", "", "", Is::Person),
        ("an offer of a vacation", "Summer vacation offer", "Book your vacation now and save.", Is::Person),
        ("absence in the subject of a person", "Absence de Camille à la rencontre", "Elle ne pourra pas se joindre à nous mardi.", Is::Person),
        ("de, nächste Woche", "AW: Hallo", "Ich bin nächste Woche im Urlaub, rufen Sie mich danach nochmal an.", Is::Person),
        ("de, Frage", "AW: Hallo", "Ich bin bis Montag nicht im Büro. Können Sie mir bitte ein Angebot schicken?", Is::Person),
        ("de, kein Interesse", "AW: Hallo", "Vielen Dank für Ihre Nachricht, wir haben kein Interesse.", Is::Person),
        ("fr", "RE: Bonjour", "Je suis en vacances la semaine prochaine, pouvez-vous me rappeler début septembre ?", Is::Person),
        ("es", "RE: Hola", "Estaré fuera la próxima semana pero me interesa, agendemos para el 20", Is::Person),
        ("es, pregunta", "RE: Hola", "Estoy fuera de la oficina hasta el lunes, ¿me mandas la información?", Is::Person),
        ("it", "R: Ciao", "Sono in ferie fino al 17, ci sentiamo dopo?", Is::Person),
        ("nl", "RE: Hallo", "Ik ben volgende week op vakantie, kun je me daarna bellen?", Is::Person),
        ("pt", "RE: Olá", "Estou de férias na próxima semana, podemos falar depois?", Is::Person),
        ("pl", "RE: Cześć", "Jestem na urlopie do piątku, czy możemy porozmawiać w poniedziałek?", Is::Person),
        ("sv", "SV: Hej", "Jag är på semester nästa vecka, kan du ringa mig efter det?", Is::Person),
        ("da", "SV: Hej", "Jeg er på ferie i næste uge, kan du ringe til mig bagefter?", Is::Person),
    ]);
}
