//! Subjects of mail systems and of people.

use super::*;

#[test]
#[rustfmt::skip]
fn subjects_of_mail_systems_in_many_languages() {
    let thanks = "…";
    let subjects = [
        "Automatic reply: Quick question", "Auto Reply: Quick question", "AutoReply: Quick question", "Auto-Reply", "Auto: Quick question",
        "Automatic response: x", "[Auto-Reply] Quick question", "[Auto-Reply // Traveling] Re: Quick question", "[customer.example #90417] AutoReply: Quick question", "رد تلقائي", "[EXTERNAL] Automatic reply: Quick question", "Automatic reply from Ada: hello",
        "Vacation reply: hello", "Automatische Antwort: Ihre Nachricht", "Autom. Antwort: Angebot", "Réponse automatique : votre message",
        "Réponse automatique\u{a0}: votre message", "Reponse automatique: question", "Respuesta automática: pregunta",
        "Risposta automatica: la tua email", "Automatisch antwoord: vraag", "Automatische beantwoording: vraag", "Resposta automática: pergunta",
        "Automatyczna odpowiedź: pytanie", "Odpowiedź automatyczna: pytanie", "Autosvar: fråga", "Automatiskt svar: fråga",
        "Automatisk svar: spørgsmål", "Automaattinen vastaus: kysymys", "Automatická odpověď: dotaz", "Automatická odpoveď: otázka",
        "Автоматический ответ: вопрос", "Автоответ: вопрос", "Автоматична відповідь: питання", "תשובה אוטומטית: שאלה", "自動返信: ご提案", "自動応答：ご提案",
        "自动回复: 您好", "自動回覆：您好", "자동 회신: 안녕하세요", "자동 응답: 안녕하세요", "Automatikus válasz: kérdés", "Otomatik yanıt: soru", "Răspuns automat: întrebare",
        "Αυτόματη απάντηση: ερώτηση",
    ];
    for subject in subjects {
        assert!(platform(subject, thanks).is_some(), "{subject}");
        let because = of_mail(&answer(&[], subject), thanks, anchor()).map(|(_, because)| because);
        assert!(because.is_some_and(|because| because.starts_with("the subject begins with")), "{subject}");
    }
}

#[test]
#[rustfmt::skip]
fn subjects_of_absences_in_many_languages() {
    let subjects = [
        "Out of office", "Out of Office: Quick question", "Out of Office AutoReply: Quick question", "OOO: Quick question", "OOO Re: Quick question",
        "Ada Miller OOO Re: Quick question", "Ada-OOO Re: Quick question", "Out Of Office - Expect Delay in Response Re: support",
        "Frånvaro: Quick question", "Re: Quick question (Out of office)", "Sv: Budsjett (Ikke på kontoret)", "Ofis dışında",
        "[OOO] Quick question", "Out of office until 17 August", "Away until Monday", "Ada Miller is out of the office",
        "Ada Miller is out of the office.", "I am out of the office until 08/17/2026", "Ada Miller (Out of Office)", "On annual leave",
        "I'm on vacation", "Maternity leave: Quick question", "Away from my desk Re: hello", "Abwesenheitsnotiz", "Abwesenheitsnotiz: Ihre Nachricht",
        "Abwesend bis 17.08.2026", "Nicht im Büro", "Ich bin im Urlaub", "Urlaub bis 17.8.", "Betriebsferien", "Abwesenheitsmeldung Re: Angebot",
        "Absence du bureau", "Message d'absence", "Absent jusqu'au 17 août", "Absent(e) du bureau : question", "Je suis en congés",
        "Fuera de la oficina", "Fuera de oficina Re: pregunta", "De vacaciones hasta el 17", "Fuori ufficio", "Fuori sede: domanda",
        "In ferie fino al 17 agosto", "Assente dall'ufficio", "Afwezigheidsbericht: vraag", "Afwezig tot 17 augustus", "Niet op kantoor",
        "Fora do escritório", "Ausente até 17/08", "Estou de férias", "Nieobecność w biurze", "Poza biurem", "Jestem na urlopie", "Nieobecna do 17.08",
        "Frånvaromeddelande", "På semester", "Fraværsbesked", "Ikke på kontoret", "Ute av kontoret: spørsmål", "Fraværsmelding", "Poissa toimistosta",
        "Lomalla", "Mimo kancelář", "Nepřítomnost", "Mimo kancelárie", "Вне офиса", "В отпуске", "У відпустці", "Házon kívül", "Ofis dışında",
        "În afara biroului", "Εκτός γραφείου", "מחוץ למשרד", "不在通知", "休暇中", "外出", "不在办公室", "부재중",
    ];
    for subject in subjects {
        let found = platform(subject, "…");
        assert!(matches!(found, Some((Automatic::OutOfOffice { .. }, _))), "{subject}: {found:?}");
    }
}

#[test]
#[rustfmt::skip]
fn our_own_subject_echoed_is_no_sign() {
    let subjects = [
        "Re: Quick question", "Re: Out of office cover for Jane", "Re: Cutting annual leave admin at Acme", "Re: Get away from the inbox grind",
        "AW: Abwesenheit der Kollegin vertreten", "Antw: Arbeiten Sie außer Haus?", "Re: Still on holiday pricing?",
        "RE: Automatic reply: Quick question", "Re[2]: Out of office", "AW (3): Abwesenheitsnotiz", "Fwd: Automatic reply: Quick question",
        "SV: Autosvar", "R: Risposta automatica", "回复：自动回复", "Automatic replies are costing you deals", "Auto parts for your fleet",
        "Automation at Acme", "Out of office cover for your team", "Absence management at Acme", "Takeaway from our call",
    ];
    for subject in subjects {
        assert_eq!(platform(subject, "Thanks, not the right time for us."), None, "{subject}");
        assert_eq!(of_mail(&answer(&[], subject), "Thanks, not the right time for us.", anchor()), None, "{subject}");
    }
}
