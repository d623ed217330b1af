use super::*;
use proptest::prelude::*;

fn check(rows: &[(&str, &str, &str)], visible: fn(&str) -> String) {
    for (why, body, expected) in rows {
        assert_eq!(visible(body), *expected, "{why}");
    }
}

#[test]
fn introductions_in_many_languages_with_quote_marks() {
    let rows = [
        ("English, Gmail", "On Mon, Oct 5, 2026 at 10:00 AM Jo Field <jo@example.com> wrote:"),
        ("English, Apple", "On 5 Oct 2026, at 10:00, Jo Field <jo@example.com> wrote:"),
        ("English, name first", "Jo Field <jo@example.com> wrote on Mon, 5 Oct 2026 at 10:00:"),
        (
            "English, two lines",
            "On Mon, Oct 5, 2026 at 10:00 AM Jo Field, the one of Acme Outreach\n<jo@example.com> wrote:",
        ),
        (
            "English, three lines",
            "On Oct 5, 2026, at 10:00 AM, Jo Field <\njo.with.a.long.address@example.com>\nwrote:",
        ),
        (
            "English, the address closed on the next line",
            "On Mon, 5 Oct 2026 at 10:00, Jo Field <jo@example.com\n> wrote:",
        ),
        ("English, dashed", "---- On Mon, 05 Oct 2026 10:00:00 +0200 Jo Field <jo@example.com> wrote ----"),
        ("English, no date in figures", "On Mon, Oct 5, Jo Field\n<jo@example.com>\nwrote:"),
        ("German", "Am Mo., 5. Okt. 2026 um 10:00 Uhr schrieb Jo Field <jo@example.com>:"),
        ("German, two lines", "Am Mo., 5. Okt. 2026 um 10:00 Uhr schrieb Jo Field <\njo@example.com>:"),
        ("German, name first", "Jo Field <jo@example.com> schrieb am Mo., 5. Okt. 2026 um 10:00:"),
        ("German, Thunderbird", "Am 05.10.26 um 10:00 schrieb Jo Field:"),
        ("French", "Le lun. 5 oct. 2026 à 10:00, Jo Field <jo@example.com> a écrit :"),
        ("Spanish", "El lun, 5 oct 2026 a las 10:00, Jo Field (<jo@example.com>) escribió:"),
        ("Italian", "Il giorno lun 5 ott 2026 alle ore 10:00 Jo Field <jo@example.com> ha scritto:"),
        ("Dutch", "Op ma 5 okt 2026 om 10:00 schreef Jo Field <jo@example.com>:"),
        ("Dutch, Apple", "Op 5 okt. 2026 om 10:00 heeft Jo Field <jo@example.com> het volgende geschreven:"),
        ("Portuguese", "Em seg., 5 de out. de 2026 às 10:00, Jo Field <jo@example.com> escreveu:"),
        ("Polish", "pon., 5 paź 2026 o 10:00 Jo Field <jo@example.com> napisał(a):"),
        ("Polish, Apple", "W dniu 5.10.2026 o 10:00, Jo Field pisze:"),
        ("Swedish", "Den mån 5 okt. 2026 kl 10:00 skrev Jo Field <jo@example.com>:"),
        ("Danish", "Den man. 5. okt. 2026 kl. 10.00 skrev Jo Field <jo@example.com>:"),
        ("Norwegian", "man. 5. okt. 2026 kl. 10:00 skrev Jo Field <jo@example.com>:"),
        ("Finnish", "ma 5. lokak. 2026 klo 10.00 Jo Field (jo@example.com) kirjoitti:"),
        ("Czech", "po 5. 10. 2026 v 10:00 odesílatel Jo Field <jo@example.com> napsal:"),
        ("Russian", "пн, 5 окт. 2026 г. в 10:00, Jo Field <jo@example.com>:"),
        ("Russian, with the verb", "5 октября 2026 г., 10:00, Jo Field <jo@example.com> написал(а):"),
        ("Ukrainian", "пн, 5 жовт. 2026 р. о 10:00 Jo Field <jo@example.com> пише:"),
        ("Japanese", "2026年10月5日(月) 10:00 Jo Field <jo@example.com>:"),
        ("Chinese", "Jo Field <jo@example.com> 于2026年10月5日周一 10:00写道："),
        ("Chinese, Apple", "在 2026年10月5日，10:00，Jo Field <jo@example.com> 写道："),
        ("Korean", "2026년 10월 5일 (월) 오전 10:00, Jo Field <jo@example.com>님이 작성:"),
        ("Hebrew", "\u{202b}בתאריך יום ב׳, 5 באוק׳ 2026 ב-10:00 מאת Jo Field <jo@example.com>:"),
        ("Turkish", "Jo Field <jo@example.com>, 5 Eki 2026 Pzt, 10:00 tarihinde şunu yazdı:"),
        ("Hungarian", "Jo Field <jo@example.com> ezt írta (időpont: 2026. okt. 5., H, 10:00):"),
        ("Romanian", "În lun., 5 oct. 2026 la 10:00, Jo Field <jo@example.com> a scris:"),
        ("old Gmail, no verb", "2026-10-05 10:00 GMT+02:00 Jo Field <jo@example.com>:"),
        ("old Gmail, no colon", "2026/10/5 Jo Field <jo@example.com>"),
        ("a name and nothing else", "Jo Field wrote:"),
    ];
    for (why, introduction) in rows {
        let body = format!("That is fine with us.\n\n{introduction}\n\n> Dear Ann,\n> would you like it?\n>\n> Jo\n");
        assert_eq!(of_text(&body), "That is fine with us.", "{why}");
        let body = format!("{introduction}\n> Dear Ann,\n> would you like it?\n\nYes, we would.\n");
        assert_eq!(of_text(&body), "Yes, we would.", "{why}: the answer below");
    }
}

#[test]
fn introductions_without_quote_marks_cut_if_they_are_sure() {
    let cut = [
        ("English", "On Mon, Oct 5, 2026 at 10:00 AM Jo Field <jo@example.com> wrote:"),
        ("German", "Am 05.10.2026 um 10:00 schrieb Jo Field:"),
        ("Spanish", "El 5 oct 2026, Jo Field <jo@example.com> escribió:"),
        ("Finnish, two lines", "pe 2. lokakuuta 2026 klo 17.50 Jo Field\n<jo@example.com> kirjoitti:"),
        ("Portuguese, two lines", "Em 5 de outubro de 2026 às 16:32:35, Jo Field (\njo@example.com) escreveu:"),
    ];
    for (why, introduction) in cut {
        let body = format!("Fine.\n\n{introduction}\n\nDear Ann,\nwould you like it?\n");
        assert_eq!(of_text(&body), "Fine.", "{why}");
    }
    let kept = [
        (
            "the person's own words",
            "In your mail of 5 October 2026 at 10:00 you wrote:\n\nA price of ten.\n\nIs it per month?",
        ),
        ("a sentence with On", "On Monday at 10:00 we meet.\nOn Tuesday we don't."),
        ("a colon", "Our questions:\nWhat does it cost?"),
        ("dates and no introduction", "These days suit:\n2026-10-05 10:00\n06.10.2026 11:00\nBye"),
        ("somebody said", "My boss said:\nno budget."),
    ];
    for (why, body) in kept {
        assert_eq!(of_text(body), body, "{why}");
    }
}

#[test]
fn blocks_of_header_lines() {
    let blocks = [
        ("English", "From: Jo Field <jo@example.com>\nSent: Monday, October 5, 2026 10:00 AM\nTo: Ann\nSubject: Hello"),
        ("English, bold", "*From:* Jo Field [mailto:jo@example.com]\n*Sent:* Monday\n*To:* Ann\n*Subject:* Hello"),
        (
            "English, doubly bold",
            "**From:** Jo Field <jo@example.com>\n**Sent:** Monday\n**To:** Ann\n**Subject:** Hello",
        ),
        ("English, names only", "From: Jo Field\nSent: Monday, October 5, 2026 10:00 AM\nTo: Ann\nSubject: Hello"),
        ("date first", "Date: Mon, 5 Oct 2026 10:00:00 +0200\nTo: ann@example.org"),
        (
            "a broken subject",
            "From: jo@example.com\nDate: Mon, Oct 5, 2026\nSubject: Two\nline subject\nTo: ann@example.org",
        ),
        ("double-spaced", "From: Jo Field\n\nSent: Monday\n\nTo: Ann\n\nSubject: Hello"),
        ("German", "Von: Jo Field <jo@example.com>\nGesendet: Montag, 5. Oktober 2026 10:00\nAn: Ann\nBetreff: Hallo"),
        (
            "French",
            "De : Jo Field [mailto:jo@example.com]\nEnvoyé : lundi 5 octobre 2026 10:00\nÀ : Ann\nObjet : Bonjour",
        ),
        ("Spanish", "De: Jo Field <jo@example.com>\nEnviado el: lunes, 5 de octubre de 2026\nPara: Ann\nAsunto: Hola"),
        ("Italian", "Da: Jo Field <jo@example.com>\nInviato: lunedì 5 ottobre 2026\nA: Ann\nOggetto: Ciao"),
        ("Dutch", "Van: Jo Field <jo@example.com>\nVerzonden: maandag 5 oktober 2026\nAan: Ann\nOnderwerp: Hallo"),
        ("Portuguese", "De: Jo Field <jo@example.com>\nEnviada em: segunda-feira\nPara: Ann\nAssunto: Olá"),
        ("Polish", "Od: Jo Field <jo@example.com>\nWysłano: poniedziałek\nDo: Ann\nTemat: Witam"),
        ("Swedish", "Från: Jo Field <jo@example.com>\nSkickat: den 5 oktober 2026\nTill: Ann\nÄmne: Hej"),
        ("Danish", "Fra: Jo Field <jo@example.com>\nSendt: 5. oktober 2026\nTil: Ann\nEmne: Hej"),
        (
            "Finnish",
            "Lähettäjä: Jo Field <jo@example.com>\nLähetetty: 5. lokakuuta 2026\nVastaanottaja: Ann\nAihe: Hei",
        ),
        ("Czech", "Od: Jo Field <jo@example.com>\nOdesláno: pondělí\nKomu: Ann\nPředmět: Ahoj"),
        ("Russian", "От: Jo Field <jo@example.com>\nОтправлено: 5 октября 2026 г.\nКому: Ann\nТема: Привет"),
        ("Ukrainian", "Від: Jo Field <jo@example.com>\nНадіслано: 5 жовтня 2026 р.\nКому: Ann\nТема: Вітаю"),
        ("Japanese", "差出人: Jo Field <jo@example.com>\n送信日時: 2026年10月5日\n宛先: Ann\n件名: こんにちは"),
        ("Chinese", "发件人: Jo Field <jo@example.com>\n发送时间: 2026年10月5日\n收件人: Ann\n主题: 你好"),
        ("Chinese, wide colons", "寄件者：Jo Field <jo@example.com>\n寄件日期：2026年10月5日\n收件者：Ann\n主旨：你好"),
        ("Korean", "보낸 사람: Jo Field <jo@example.com>\n보낸 날짜: 2026년 10월 5일\n받는 사람: Ann\n제목: 안녕"),
        ("Hebrew", "מאת: Jo Field <jo@example.com>\nנשלח: יום שני\nאל: Ann\nנושא: שלום"),
        ("Turkish", "Kimden: Jo Field <jo@example.com>\nGönderildi: 5 Ekim 2026\nKime: Ann\nKonu: Merhaba"),
        ("Hungarian", "Feladó: Jo Field <jo@example.com>\nElküldve: 2026. október 5.\nCímzett: Ann\nTárgy: Szia"),
        ("Romanian", "De la: Jo Field <jo@example.com>\nTrimis: luni\nCătre: Ann\nSubiect: Salut"),
    ];
    for (why, block) in blocks {
        for rule in ["", "________________________________\n", "-----Original Message-----\n", "\n"] {
            let body = format!("Fine with us.\n\n{rule}{block}\n\nDear Ann,\nwould you like it?\n");
            assert_eq!(of_text(&body), "Fine with us.", "{why} {rule:?}");
        }
    }
    let kept = "My trip:\nFrom: Berlin\nTo: Munich\nDate: 5 October\nWhich train do I take?";
    assert_eq!(of_text(kept), kept, "a route is no mail");
}

#[test]
fn original_and_forwarded_messages() {
    let lines = [
        "-----Original Message-----",
        "----- Original Message -----",
        "-----Ursprüngliche Nachricht-----",
        "-------- Message d'origine --------",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----",
        "-----Mensagem original-----",
        "-----Wiadomość oryginalna-----",
        "-----Ursprungligt meddelande-----",
        "-------- Oprindelig besked --------",
        "-----Opprinnelig melding-----",
        "-----Alkuperäinen viesti-----",
        "-----Původní zpráva-----",
        "-----Исходное сообщение-----",
        "-----元のメッセージ-----",
        "------------------ 原始邮件 ------------------",
        "-----원본 메시지-----",
        "-----הודעה מקורית-----",
        "-----Orijinal İleti-----",
        "-----Eredeti üzenet-----",
        "-----Mesaj original-----",
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "---------- Weitergeleitete Nachricht ----------",
        "*-----Original Message-----*",
    ];
    for line in lines {
        let body = format!("Please see below.\n\n{line}\nWhat somebody wrote once.\n\nTo unsubscribe, click here.\n");
        assert_eq!(of_text(&body), "Please see below.", "{line}");
    }
    let kept = "Please fill in:\n\n------------- Enter feedback below -------------\n\nIt was good.";
    assert_eq!(of_text(kept), kept, "another title between dashes");
}

#[test]
fn answers_between_and_below_quotes() {
    check(
        &[
            (
                "between quoted lines: the person's lines stay",
                "On Mon, Oct 5, 2026 at 10:00 AM Jo Field <jo@example.com> wrote:\n> Do you need it?\nYes.\n> Is Tuesday fine?\n\nNo, Wednesday.\n",
                "Yes.\n\nNo, Wednesday.",
            ),
            (
                "greeting, quote, answer, closing",
                "Hi Jo,\n\nOn 5/10/26 10:00, Jo Field wrote:\n> Do you need it?\n\nWe do.\n\nRegards, Ann",
                "Hi Jo,\n\nWe do.\n\nRegards, Ann",
            ),
            (
                "nothing but a quote",
                "On Mon, Oct 5, 2026 at 10:00 AM Jo Field <jo@example.com> wrote:\n> To unsubscribe answer so.\n",
                "",
            ),
            ("nothing but quoted lines", "> one\n> two\n", ""),
            (
                "the end of a quoted line that a program broke",
                "Yes.\n\n> This is a line of our own mail that is so long that a program breaks it at the\nnext space\n> and goes on.",
                "Yes.",
            ),
            (
                "all lines joined to one by a platform, with an introduction",
                "Sure, call me. On Mon, Oct 5, 2026 at 9:00 AM Jo Field <jo@example.com> wrote: Hi Ann, would it be great?",
                "Sure, call me.",
            ),
            (
                "all lines joined to one by a platform, with a block",
                "Sounds good. From: Jo Field <jo@example.com> Sent: Monday, October 5, 2026 10:00 AM To: Ann Subject: Hi Hello Ann",
                "Sounds good.",
            ),
            (
                "the introduction at the end of the person's line",
                "yes--- On Wed, Oct 7, 2026 at 3:59 PM, jo@example.com wrote:\n> Hi",
                "yes",
            ),
            (
                "no quote marks at all",
                "a\n>>> look at http://www.example.com <<<\nb",
                "a\n>>> look at http://www.example.com <<<\nb",
            ),
        ],
        of_text,
    );
}

#[test]
fn signatures() {
    check(
        &[
            ("the delimiter", "Yes.\n\n-- \nAnn Smith\nCEO", "Yes."),
            (
                "the delimiter above the quote only",
                "Yes.\n-- \nAnn\n\nOn 5/10/26 10:00, Jo wrote:\n> Hi\n\nAnd one thing more.",
                "Yes.\n\nAnd one thing more.",
            ),
            ("a list with hyphens", "We need:\n- one\n- two\n-three", "We need:\n- one\n- two\n-three"),
            (
                "closing words stay, the block goes",
                "Yes.\n\nBest regards,\nAnn Smith\nHead of Sales\nTel. +49 30 1234567",
                "Yes.\n\nBest regards,",
            ),
            ("a name alone belongs to the closing words", "Yes.\n\nThanks,\nAnn", "Yes.\n\nThanks,\nAnn"),
            (
                "a first name, then the block",
                "Ja.\n\nViele Grüße\nAnn\n\nAnn Smith\nMuster GmbH\nwww.muster.example",
                "Ja.\n\nViele Grüße\nAnn",
            ),
            (
                "closing words in a sentence",
                "Thanks for the offer, but we have one.\nPlease call me.",
                "Thanks for the offer, but we have one.\nPlease call me.",
            ),
            ("thanks above a wish", "Thanks\nPlease remove me", "Thanks\nPlease remove me"),
            (
                "thanks above a question",
                "Thanks!\n\nCould you tell me what it costs?",
                "Thanks!\n\nCould you tell me what it costs?",
            ),
            (
                "a postscript stays",
                "Yes.\n\nCheers\nAnn\n\nPS: call me on Monday\n\nAnn Smith\nann@example.org",
                "Yes.\n\nCheers\nAnn\n\nPS: call me on Monday",
            ),
            ("no closing words", "Not interested.\n\nAnn Smith\nCEO\nMuster Ltd.\n+1 555 123 4567", "Not interested."),
            (
                "an answer of a word above the block",
                "Interested\nAnn Smith\nMuster Ltd.\nann@example.org",
                "Interested",
            ),
            ("capitals are no name", "REMOVE ME\nAnn Smith\nMuster\n+1 555 123 4567", "REMOVE ME"),
            ("never all of it: a contact and no more", "Ann Smith\n+1 555 123 4567", "Ann Smith\n+1 555 123 4567"),
            ("never all of it: the delimiter first", "-- \nAnn Smith", "--\nAnn Smith"),
            (
                "a number in a sentence",
                "You can call me any time:\n+1 555 123 4567",
                "You can call me any time:\n+1 555 123 4567",
            ),
            (
                "a colleague",
                "Please contact:\n\nBob Miller\nbob@example.org\n+1 555 123 4567",
                "Please contact:\n\nBob Miller\nbob@example.org\n+1 555 123 4567",
            ),
            (
                "a legal notice",
                "No.\n\nAnn\n\nThis e-mail and any attachments are confidential and only for the\naddressee.",
                "No.\n\nAnn",
            ),
            (
                "a legal notice that names its reader late",
                "No.\n\nThe text above is private. If you are not the intended recipient, delete it.",
                "No.",
            ),
            (
                "a German notice",
                "Nein.\n\nDiese E-Mail enthält vertrauliche Informationen, löschen Sie sie sonst.",
                "Nein.",
            ),
            ("a sentence that begins like one", "This message is not for me.", "This message is not for me."),
            (
                "a rule and contacts",
                "Thanks for the update!\n\n—————\nAnn Smith\nann@example.org\n+1 555-0123",
                "Thanks for the update!",
            ),
            (
                "a notice of the mail server above",
                "CAUTION: This email originated from outside.\n\nYes, call me.",
                "Yes, call me.",
            ),
        ],
        of_text,
    );
}

#[test]
fn what_devices_add() {
    for line in [
        "Sent from my iPhone",
        "Sent from Outlook for Android",
        "Get Outlook for iOS<https://aka.example>",
        "Sent from my cell, please excuse any typos.",
        "(Sent from mobile device)",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für iOS",
        "Diese Nachricht wurde von meinem Android-Mobiltelefon mit K-9 Mail gesendet.",
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour iOS",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Enviado do meu iPhone",
        "Wysłane z iPhone'a",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Hent Outlook til iOS",
        "Lähetetty iPhonesta",
        "Odesláno z iPhonu",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "iPhoneから送信",
        "发自我的iPhone",
        "從我的 iPhone 傳送",
        "나의 iPhone에서 보냄",
        "נשלח מה-iPhone שלי",
        "iPhone'umdan gönderildi",
        "Az iPhone-omról küldve",
        "Trimis de pe iPhone",
    ] {
        assert_eq!(of_text(&format!("Yes, please.\n\n{line}\n")), "Yes, please.", "{line}");
    }
    let kept = "Yes.\n\nSent from my desk, which is easier than a phone.";
    assert_eq!(of_text(kept), kept, "a sentence");
}

#[test]
fn html_as_text() {
    check(
        &[
            (
                "blocks and breaks",
                "<div>One<br>two</div><div>three</div><p>four</p><p>five",
                "One\ntwo\nthree\n\nfour\n\nfive",
            ),
            (
                "white space and entities",
                "a  \n b&nbsp;&amp;&lt;c&gt; &#8217;&#x41; &unknown; &",
                "a b &<c> ’A &unknown; &",
            ),
            (
                "paragraphs of Word are lines",
                "<p class=MsoNormal>One<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>two</p>",
                "One\n\ntwo",
            ),
            (
                "lists and tables",
                "<ul><li>one<li>two</ul><table><tr><td>a</td><td>b</td></tr><tr><td>c</table>",
                "one\ntwo\na b\nc",
            ),
            ("pre", "<pre>a\n  b</pre>c", "a\nb\nc"),
            (
                "what is no text",
                "<html><head><title>T</title><style>p {a: b}</style></head><body><script>x < y</script><!-- no --><![if !mso]>yes<![endif]></body>",
                "yes",
            ),
            (
                "hidden",
                "a<div style=\"display: none\">b<div>c</div></div><span style='mso-hide:all'>d</span><p hidden>e</p>f",
                "a\n\nf",
            ),
            ("no tags", "2 < 3 and <ann@example.com> and <3 and a<b", "2 < 3 and <ann@example.com> and <3 and a<b"),
            ("a tag that never ends", "one <a href=\"x", "one <a href=\"x"),
            ("a comment that never ends", "one <!-- two > three", "one three"),
            ("a style that never ends", "<style>one", "one"),
            ("a quote that never ends", "<a title=\"x>one</a> two", "one two"),
            ("emoji as images", "fine <img alt=\"👍\" src=x> <img alt=\"logo\">", "fine 👍"),
            ("wrongly nested", "<b>one<div>two</b></div>three</p></div>four", "one\ntwo\nthree\nfour"),
        ],
        plain_of_html,
    );
}

#[test]
fn quotes_and_signatures_by_structure() {
    let quotes = [
        (
            "Gmail",
            "<div class=\"gmail_quote gmail_quote_container\"><div class=gmail_attr>On Mon Jo wrote:</div><blockquote class=\"gmail_quote\">OLD</blockquote></div>",
        ),
        (
            "Gmail, forwarded",
            "<div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: Jo</div><blockquote>a</blockquote>OLD</div>",
        ),
        ("Gmail, without a blockquote", "<div class=\"gmail_quote\">Unbekannt:<div>OLD</div></div>"),
        ("Apple Mail", "<blockquote type=\"cite\">On Mon, Jo wrote:<br>OLD</blockquote>"),
        (
            "Outlook on the web",
            "<div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>Xyz:</b> Jo</div><div>OLD</div>",
        ),
        (
            "Outlook, with a border",
            "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> Jo &lt;jo@example.com&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ann<br><b>Subject:</b> Hi</p></div><p>OLD</p>",
        ),
        (
            "Outlook on a phone",
            "<div id=\"mail-editor-reference-message-container\"><div class=\"ms-outlook-mobile-reference-message\">x</div>OLD</div>",
        ),
        ("Outlook for Mac", "<span id=\"OLK_SRC_BODY_SECTION\"><div>OLD</div></span>"),
        (
            "Thunderbird",
            "<div class=\"moz-cite-prefix\">Am 5.10.26 schrieb Jo:<br></div><blockquote type=\"cite\" cite=\"mid:1\">OLD</blockquote>",
        ),
        (
            "Yahoo",
            "<div id=\"ydp1yahoo_quoted_1\" class=\"yahoo_quoted\"><div>On Monday, Jo wrote:</div><div>OLD</div></div>",
        ),
        ("Proton", "<div class=\"protonmail_quote\">On Monday Jo wrote:<br><blockquote>OLD</blockquote></div>"),
        ("Zoho", "<div class=\"zmail_extra\"><div>---- On Mon wrote ----</div>OLD</div>"),
        ("Tutanota", "<blockquote class=\"tutanota_quote\">OLD</blockquote>"),
        ("Zimbra", "<hr data-marker=\"__DIVIDER__\"><div>OLD</div>"),
        (
            "web.de",
            "<div name=\"quote\" style=\"border-left:2px solid\"><b>Gesendet:</b> Montag<div name=\"quoted-content\">OLD</div></div>",
        ),
        (
            "a line at the left",
            "<div>On Mon, 5 Oct 2026, Jo wrote:</div><blockquote style=\"border-left: 2px solid #000; margin: 0\">OLD</blockquote>",
        ),
        ("a plain blockquote", "<blockquote>OLD</blockquote>"),
        (
            "an introduction and no structure",
            "<p>On Mon, Oct 5, 2026 at 10:00 Jo &lt;jo@example.com&gt; wrote:</p><p>OLD</p>",
        ),
        (
            "a rule and a block",
            "<hr><b>From:</b> jo@example.com<br><b>To:</b> ann@example.org<br><b>Sent:</b> Monday<br><b>Subject:</b> Hi<br><br>OLD",
        ),
    ];
    for (why, quote) in quotes {
        assert_eq!(of_html(&format!("<div>Yes, <b>please</b>.</div><br>{quote}")), "Yes, please.", "{why}");
        assert!(plain_of_html(&format!("<div>Yes</div>{quote}")).contains("OLD"), "{why}: the whole text has it");
    }
    check(
        &[
            (
                "Gmail: answers between the quotes",
                "<div class=gmail_quote><div class=gmail_attr>On Mon, Jo wrote:</div><blockquote class=gmail_quote>One?</blockquote><div>Yes.</div><blockquote class=gmail_quote>Two?</blockquote><div>No.</div></div>",
                "Yes.\nNo.",
            ),
            ("Apple: below the quote", "<blockquote type=cite>One?</blockquote><div>Yes.</div>", "Yes."),
            ("nothing but a quote", "<div class=gmail_quote>On Mon Jo wrote:<blockquote>OLD</blockquote></div>", ""),
            ("nothing but a blockquote", "<blockquote>Yes, please.</blockquote>", "Yes, please."),
            (
                "the indent button",
                "Three points:<blockquote style=\"margin:0 0 0 40px;border:none;padding:0px\">one</blockquote>",
                "Three points:\none",
            ),
            ("a signature", "<p>Yes.</p><div class=\"gmail_signature\">Ann<br>CEO</div>", "Yes."),
            ("a signature and nothing else", "<div id=\"Signature\">Ann</div>", "Ann"),
            ("a signature of Thunderbird", "Yes.<pre class=\"moz-signature\">-- \nAnn</pre>", "Yes."),
        ],
        of_html,
    );
}

#[test]
fn the_better_body_is_chosen() {
    let mail = |text: Option<&str>, html: Option<&str>| {
        of_mail(&Mail { text: text.map(str::to_owned), html: html.map(str::to_owned), ..Mail::default() })
    };
    let html = "<p>Yes.</p><div class=gmail_quote>On X:<blockquote>OLD</blockquote></div>";
    for (why, text, html, expected) in [
        ("plain", Some("Yes."), None, "Yes."),
        ("HTML", None, Some(html), "Yes."),
        ("neither", None, None, ""),
        ("plain comes first", Some("Plain.\n\n> quoted"), Some(html), "Plain."),
        ("an empty plain body", Some(" \r\n\u{a0}"), Some(html), "Yes."),
        (
            "a plain body that only points to the other",
            Some("Your mail program does not support HTML messages."),
            Some(html),
            "Yes.",
        ),
        ("HTML in the plain body", Some("<div>Yes.</div><blockquote type=cite>OLD</blockquote>"), None, "Yes."),
        ("a quote that only HTML shows", Some("Yes.\n\nXyz abc:\nOLD"), Some(html), "Yes."),
        ("HTML without a word of the person's", Some("Yes."), Some("<div class=gmail_quote>OLD</div>"), "Yes."),
    ] {
        assert_eq!(mail(text, html), expected, "{why}");
    }
}

/// Lines of mails, which together come near to what is looked for.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("-- ".to_owned()),
        Just("________________________________".to_owned()),
        Just("-----Original Message-----".to_owned()),
        Just("On Mon, Oct 5, 2026 at 10:00 AM Jo <jo@example.com> wrote:".to_owned()),
        Just("jo@example.com> wrote:".to_owned()),
        Just("> quoted".to_owned()),
        Just("From: Jo <jo@example.com>".to_owned()),
        Just("Subject: Hi".to_owned()),
        Just("Best regards,".to_owned()),
        Just("Ann Smith".to_owned()),
        Just("PS: one thing".to_owned()),
        Just("Tel. +49 30 1234567".to_owned()),
        Just("Sent from my iPhone".to_owned()),
        Just("This e-mail and any attachments are confidential.".to_owned()),
        Just("Thanks! On Mon, Oct 5, 2026 at 9:00 AM Ann <ann@example.com> wrote: Hi".to_owned()),
        Just("CAUTION: external".to_owned()),
        "[ -~]{0,40}",
        "\\PC{0,20}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![prop::collection::vec(line(), 0..24).prop_map(|lines| lines.join("\n")), "(?s).{0,200}"]
}

fn html() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<div>".to_owned()),
        Just("</div>".to_owned()),
        Just("<p>".to_owned()),
        Just("<br>".to_owned()),
        Just("<div class=\"gmail_quote\">".to_owned()),
        Just("<blockquote type=cite>".to_owned()),
        Just("<blockquote>".to_owned()),
        Just("</blockquote>".to_owned()),
        Just("<div id=divRplyFwdMsg>".to_owned()),
        Just("<span style='display:none'>".to_owned()),
        Just("</span>".to_owned()),
        Just("<div id=Signature>".to_owned()),
        Just("<pre>".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("<style>".to_owned()),
        Just("<a href=\"".to_owned()),
        Just("&nbsp;".to_owned()),
        Just("<td>".to_owned()),
        line(),
        "[<>&\"'=/a-z -]{0,12}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Every line of the visible text stands in the whole text, in order; white space aside.
fn is_part(visible: &str, whole: &str) -> Result<(), String> {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = fold(whole);
    let mut rest = whole.as_str();
    for line in visible.lines().map(fold).filter(|line| !line.is_empty()) {
        let at = rest.find(&line).ok_or_else(|| format!("{line:?} is not in {rest:?}"))?;
        rest = rest.get(at + line.len()..).unwrap_or_default();
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_visible_text_is_part_of_a_plain_body(text in text()) {
        prop_assert_eq!(is_part(&of_text(&text), &cleaned(&text)), Ok(()));
    }

    #[test]
    fn the_visible_text_is_part_of_an_html_body(html in html()) {
        prop_assert_eq!(is_part(&of_html(&html), &plain_of_html(&html)), Ok(()));
    }

    #[test]
    fn what_is_visible_stays_visible(text in text()) {
        let once = of_text(&text);
        prop_assert_eq!(of_text(&once), once);
    }

    #[test]
    fn html_of_a_person_is_read_whole(words in prop::collection::vec("[a-z]{1,8}", 1..20)) {
        let text = words.join(" ");
        prop_assert_eq!(plain_of_html(&format!("<div><p>{text}</p></div>")), text);
    }
}

/// Time must not grow faster than the text: a body of its greatest size takes a fraction of a second even unoptimised.
#[test]
fn hostile_bodies_are_read_within_bounds() {
    let n = TEXT_BYTES_MAX;
    for (why, body) in [
        ("introductions all over", "On x On x wrote: On Mon, 5 Oct 2026 Jo <j@e.c> ".repeat(n / 40)),
        ("lines that nearly introduce", "On 5 Oct 2026 x@y.z, wrote\n".repeat(n / 20)),
        ("labels all over", "From: x To: y ".repeat(n / 12)),
        ("lines of labels", "To: x\n".repeat(n / 6)),
        ("closing words", "Best regards,\nAnn\n\n".repeat(n / 18)),
        ("rules", "--\n".repeat(n / 3)),
        ("quotes and answers", "> a\nb\n".repeat(n / 6)),
        ("one line", "a".repeat(4 * n)),
        ("colons", ":".repeat(4 * n)),
    ] {
        assert!(of_text(&body).len() <= TEXT_BYTES_MAX, "{why}");
    }
    let n = HTML_BYTES_MAX;
    for (why, body) in [
        ("nesting", "<div>".repeat(n / 5)),
        ("quotes in quotes", "<blockquote type=cite>".repeat(n / 22)),
        ("end tags", "<b><i><u>".repeat(100) + &"</a>".repeat(n / 4)),
        ("comments without end", "<!--".repeat(n / 4)),
        ("raw elements without end", "<style>".repeat(n / 7)),
        ("tags without end", "<a b".repeat(n / 4)),
        ("attributes without end", "<a b=\"".repeat(n / 6)),
        ("references", "&amp".repeat(n / 4)),
        ("brackets", "<".repeat(n)),
        ("text", "a ".repeat(n)),
    ] {
        assert!(plain_of_html(&body).len() <= HTML_BYTES_MAX, "{why}");
    }
}
