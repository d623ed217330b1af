//! Polish, and languages of which whole phrases are known.

use super::cues::{Cue, Language};

pub(super) const POLISH: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "wypisz mnie|wypiszcie mnie|wypisac mnie|mnie wypisac|o wypisanie|prosze o usuniecie|",
                "prosimy o usuniecie|o usuniecie z|o usuniecie moich|o usuniecie mojego|usuncie mnie|",
                "usun mnie|usunac mnie|mnie usunac|prosze usunac|prosze wypisac|prosze wykreslic|",
                "wykreslcie mnie|wykreslic mnie|z listy mailingowej|z bazy mailingowej|z bazy adresowej|",
                "z listy odbiorcow|z listy kontaktow|z newslettera|z subskrypcji|nie kontaktowac sie|",
                "nie kontaktuj sie|nie kontaktujcie sie|o niekontaktowanie|o nie kontaktowanie|",
                "o nieprzesylanie|o nie przesylanie|o niewysylanie|o nie wysylanie|o zaprzestanie|",
                "prosze nie pisac|prosze nie wysylac|prosze nie przesylac|prosze juz nie|prosze wiecej nie|",
                "prosze nie kontaktowac|nie pisz wiecej|nie piszcie wiecej|nie wysylaj wiecej|",
                "nie wysylajcie|nie przysylajcie|nie przesylajcie|wiecej nie pis*|nie wysylac wiecej|",
                "nie pisac wiecej|nie pisac do mnie|nie wysylac do mnie|nie wysylac mi|nie wyrazam zgody|",
                "nie wyrazalem zgody|nie wyrazalam zgody|nie wyrazilem zgody|nie wyrazilam zgody|",
                "cofam zgode|wycofuje zgode|nie zycze sobie|nie zyczymy sobie|nie chce otrzymywac|",
                "nie chcemy otrzymywac|nie chce wiecej|nie chce juz|nie chce dostawac|przestancie|przestan|",
                "prosze przestac|zaprzestan*|dajcie mi spokoj|daj mi spokoj|prawo do bycia zapomnianym|",
                "wnosze sprzeciw|zglaszam sprzeciw|skladam sprzeciw|sprzeciw wobec|zadam usuniecia|",
                "usuniecia moich danych|usuniecie moich danych|usuniecie danych|usuniecia danych|",
                "niezamowion*|zadnych wiecej maili|zadnych maili|zglaszam jako spam|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "wypisa*|wypisz*|wypisuj*|rezygnuje z|zrezygnowac z|odsubskryb*|anulowac subskrypcje|",
                "anuluj subskrypcje|rezygnacja z|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "wypisz|wypis|usun|rezygnuje|usunac|rezygnacja|prosze usunac|nie pisac|spam|koniec|",
                "prosze przestac|wypisanie|",
            ),
        ),
        (Cue::Remove, "usun*|usuw*|skasow*|skasuj*|wykresl*|wymaz*|usuniec*|"),
        (
            Cue::Me,
            concat!(
                "mnie|nas|moj adres|mojego adresu|moj email|mojego maila|moj mail|moje dane|moich danych|",
                "nasz adres|naszego adresu|nasze dane|naszych danych|mojego emaila|ten adres|tego adresu|",
                "adresu email|adres email|adresu mailowego|adres mailowy|ze mna|do mnie|do nas|z nami|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "waszej bazy|panstwa bazy|mailing*|listy mailingowej|bazy danych|bazy adresowej|subskrypcji|",
                "waszej listy|panstwa listy|listy odbiorcow|",
            ),
        ),
        (Cue::Stop, "przestancie|przestan|prosze przestac|przestac|zaprzestan*|prosze zaprzestac|stop|"),
        (Cue::Sending, "wysyla*|pisa*|kontakt*|mail*|spam*|przesyla*|nekac|przysyla*|wiadomosci|"),
        (Cue::Not, "nie|nigdy|"),
        (
            Cue::Contact,
            concat!(
                "kontaktowac|kontaktuj*|kontaktowania|pisac|pisz|piszcie|wysylac|wysylaj*|przesylac|",
                "przesylaj*|przysylac|przysylaj*|mailowac|niepokoic|",
            ),
        ),
        (Cue::Again, "wiecej|juz|ponownie|nigdy|w przyszlosci|dalszych|"),
        (
            Cue::Want,
            concat!(
                "chce|chcemy|chcialbym|chcialabym|zycze|zyczymy|zamierzam|jestem zainteresowan*|",
                "jestesmy zainteresowani|",
            ),
        ),
        (
            Cue::Receive,
            concat!(
                "otrzymywac|otrzymywaniem|dostawac|dalszego kontaktu|dalszym kontaktem|wiadomosci od|",
                "ofert od|maili od|waszych maili|",
            ),
        ),
        (Cue::NoMore, "zadnych wiecej|zadnych kolejnych|bez dalszych|zadnych|"),
        (Cue::Mails, "maili|emaili|wiadomosci|ofert|reklam|newsletterow|mailingu|mailingow|spamu|e maili|"),
        (Cue::Hesitate, "waha*|krepu*|zapomnij*|obawia*|"),
        (Cue::Until, "przed|dopiero|na razie|obecnie|w tej chwili|telefonicznie|do konca|"),
        (
            Cue::Third,
            concat!(
                "klientow|klienci|klienta|uzytkownikow|uzytkownicy|odbiorcow z|kontaktow z naszej|",
                "subskrybentow|osob|ludzi|",
            ),
        ),
        (Cue::Feature, "link|przycisk|funkcj*|strona|opcj*|wskaznik|spotkania|webinaru|umowy|"),
        (Cue::Undo, "przez pomylke|omylkowo|przypadkowo|"),
        (Cue::Law, "rodo|gdpr|art 17|art 21|artykul 17|"),
        (Cue::Claim, "usun*|sprzeciw*|zadam|prawo do|skarg*|moich danych|moje dane|naruszen*|zgody|"),
    ],
};

/// Whole phrases of Finnish, Czech, Slovak, Russian, Ukrainian, Greek, Japanese, Chinese, Korean, Hebrew, Turkish, Hungarian and Romanian.
pub(super) const FURTHER: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                // Finnish
                "poistakaa minut|poista minut|poistakaa meidat|poistakaa osoitteeni|poistakaa yhteystietoni|",
                "poistakaa tietoni|poista tietoni|poistakaa sahkopostini|poistakaa sahkopostiosoitteeni|",
                "poista sahkopostini|postituslistalta|postituslistaltanne|sahkopostilistalta|listaltanne|",
                "markkinointilistalta|alkaa lahettako|ala laheta|alkaa ottako yhteytta|ala ota yhteytta|",
                "alkaa olko yhteydessa|lopettakaa|lopeta viestien|en halua vastaanottaa|",
                "emme halua vastaanottaa|en halua saada|en halua enaa|en halua viesteja|emme halua enaa|",
                "ei enaa viesteja|ei enaa sahkoposteja|ei enaa yhteydenottoja|ei enaa postia|peru tilaus|",
                "peruuttakaa tilaus|tilauksen peruutus|tietojeni poistamista|peruutan suostumukseni|",
                "ei markkinointia|suoramarkkinointikielto|markkinointikielto|",
                // Czech and Slovak
                "odhlasit z odberu|odhlasit se z|odhlaste me|odhlaste mne|odhlaste nas|odhlasit odber|",
                "odhlasenie z odberu|odhlaseni z odberu|vyradte me|vyradte nas|vyradit z databaze|",
                "vyrazeni z databaze|vymazte me|vymazte mne|vymazte mou|vymazte moji|vymazte muj|",
                "vymazte nas|smazte me|smazte mou|smazte muj|smazte mne|odstrante me|odstrante mne|",
                "odstrante mou|odstrante muj|odstrante nas|prosim o vymazani|prosim o vyrazeni|",
                "prosim o odstraneni|prosim o smazani|neposilejte mi|neposilejte nam|mi neposilejte|",
                "nam neposilejte|dale neposilejte|uz neposilejte|nekontaktujte|nepiste mi|nepiste nam|",
                "mi nepiste|neprejeme si|nepreji si|prestante mi|prestante nam|prestante nas|",
                "odvolavam souhlas|zadne dalsi emaily|zadne dalsi maily|nechci dostavat|nechceme dostavat|",
                "nechci od vas|pravo na vymaz|nevyzadan*|odhlaste ma|vymazte ma|odstrante ma|neposielajte|",
                "nezelam si|nezelame si|neobtezujte|",
                // Russian
                "отпишите|отписать|отписаться|отписка|отпишите меня|удалите меня|удалите мой|удалите мою|",
                "удалите наш|удалите нас|удалите из|удалить меня|удалить мой|удалить из рассылки|",
                "уберите меня|уберите нас|уберите мой|убрать меня|исключите меня|исключите нас|",
                "исключите мой|исключите из|исключить из рассылки|не пишите|больше не пишите|не присылайте|",
                "больше не присылайте|прекратите|не беспокойте|не беспокоить|не надо мне писать|",
                "не нужно мне писать|не хочу получать|не хотим получать|не желаю получать|",
                "не желаем получать|не отправляйте|не шлите|не связывайтесь|больше не надо|",
                "удалить мои данные|удалите мои|отзываю согласие|хватит писать|хватит слать|перестаньте|",
                "прошу исключить|исключить мой|исключить наш|прошу удалить|больше не присылать|",
                "прошу не присылать|не присылать коммерческ*|прошу не беспокоить|",
                "из рассылки|из базы рассылки|от рассылки|отстаньте|",
                // Ukrainian
                "відпишіть|відписатися|відписати|видаліть мене|видаліть мою|видаліть мій|видаліть нас|",
                "видалити мене|приберіть мене|приберіть нас|виключіть мене|виключіть нас|не пишіть|",
                "більше не пишіть|не надсилайте|більше не надсилайте|припиніть|не турбуйте|",
                "не хочу отримувати|не бажаю отримувати|не бажаємо отримувати|відкликаю згоду|із розсилки|",
                "з розсилки|від розсилки|не звертайтеся|",
                // Greek, as it is written
                "διαγράψτε με|διαγράψτε μας|διαγράψτε το|διαγράψτε τη|αφαιρέστε με|αφαιρέστε μας|αφαιρέστε το|",
                "βγάλτε με|μου ξαναστείλετε|μην ξαναστείλετε|μου στέλνετε άλλα|μη μου στέλνετε|",
                "μην μου στέλνετε|μη μας στέλνετε|μην μας στέλνετε|δεν θέλω να λαμβάνω|δεν επιθυμώ να λαμβάνω|",
                "δεν επιθυμούμε να λαμβάνουμε|απεγγραφή|κατάργηση εγγραφής|σταματήστε να|μην επικοινωνήσετε ξανά|",
                // and without accents
                "διαγραψτε με|διαγραψτε μας|διαγραψτε το|διαγραψτε τη|αφαιρεστε με|αφαιρεστε μας|",
                "αφαιρεστε το|βγαλτε με|μη μου ξαναστειλετε|μην μου ξαναστειλετε|μη μου στελνετε|",
                "μην μου στελνετε|μη μας στελνετε|μην μας στελνετε|μην ξαναστειλετε|δεν θελω να λαμβανω|",
                "δεν επιθυμω να λαμβανω|δεν επιθυμουμε να λαμβανουμε|απεγγραφη|καταργηση εγγραφης|",
                "σταματηστε να μου|σταματηστε να μας|μην επικοινωνησετε ξανα|",
                // Japanese
                "~配信停止|~配信を停止|~配信解除|~配信不要|~配信を希望し|~購読解除|~購読を解除|~登録解除|~解除してください|~解除をお願い|~解除お願い|~削除してください|",
                "~削除をお願い|~リストから削除|~リストから外|~送らないで|~送信しないで|~連絡しないで|~メールは不要|~今後の連絡は不要|~今後のご連絡は不要|~今後のご連絡は控|",
                "~今後のご連絡はご遠慮|~今後の連絡はご遠慮|~今後のメールは|~ご連絡は不要|~配信を止め|~メールを止め|~送信を停止|~送付は不要|~送信は不要|~退会|~営業メールはお断り|",
                "~営業メールは不要|~営業メールはご遠慮|~営業メールは送|~連絡はお控え|~ご連絡はお控え|~メールはお控え|~メールを送らない|~送付をお控え|",
                // Chinese
                "~退订|~退訂|~取消订阅|~取消訂閱|~不要再发|~不要再發|~别再发|~別再發|~请勿再|~請勿再|~勿再联系|~勿再聯繫|~勿再聯絡|~不要再联系|~不要再聯繫|~不要再聯絡|",
                "~不要联系我|~不要聯繫我|~停止发送|~停止發送|~移除我|~删除我|~刪除我|~从列表中删除|~将我移除|~將我移除|~请把我从|~請把我從|~从邮件列表|~從郵件列表|",
                "~不想再收到|~不想收到|~不愿再收到|~不希望再收到|~不希望收到|~不要给我发|~不要給我發|~停止联系|~停止聯繫|~请不要再|~請不要再|~别再联系|~別再聯絡|",
                "~将我的邮箱|~将我从|~將我從|~把我从|~別再寄|~不要再寄|~请勿打扰|",
                // Korean
                "~수신거부|~수신 거부|~구독 취소|~구독취소|~구독 해지|~구독해지|~그만 보내|~보내지 마|~보내지 말|~보내지마|~연락하지 마|~연락하지 말|~연락하지마|",
                "~연락 주지|~명단에서|~리스트에서 제|~리스트에서 삭제|~메일링에서|~목록에서 삭제|~목록에서 제|~더 이상 메일|~더이상 메일|~더 이상 연락|~더이상 연락|",
                "~수신을 원하지|~수신을 거부|~받고 싶지 않|~발송을 중단|~발송 중단|~수신 동의를 철회|~이메일을 삭제|~주소를 삭제|~메일 그만|",
                // Hebrew
                "הסר אותי|הסירו אותי|להסיר אותי|תסיר אותי|תסירו אותי|הסרה|להסרה|הסר|נא להסיר|אנא הסירו|",
                "אנא הסר|בבקשה להסיר|תפסיקו לשלוח|להפסיק לשלוח|הפסיקו לשלוח|תפסיקו|אל תשלחו|אל תפנו|",
                "אל תכתבו|לא לפנות אלי*|לא לשלוח|לא מעוניין לקבל|לא מעוניינת לקבל|לא מעוניינים לקבל|",
                "בטל מנוי|ביטול מנוי|מחקו אותי|מחק אותי|מרשימת התפוצה|מרשימת הדיוור|מהרשימה|לא רוצה לקבל|",
                "חוק הספאם|",
                // Turkish
                "abonelikten cik*|aboneligimi iptal|abonelik iptal|uyeligimi iptal|uyelikten cik*|",
                "listeden cikar*|listenizden|listesinden cikar*|listenden cikar*|beni cikar*|beni listeden|",
                "mail atmayin*|mail gondermeyin*|eposta gondermeyin*|e posta gondermeyin*|",
                "mesaj gondermeyin*|bana yazmayin*|benimle iletisime gecmeyin*|iletisime gecmeyin*|",
                "artik yazmayin*|bir daha yazmayin*|bir daha mail|bir daha iletisime|bir daha eposta|",
                "rahatsiz etmeyin*|mail almak istemiyor*|eposta almak istemiyor*|e posta almak istemiyor*|",
                "almak istemiyorum|verilerimi silin*|verilerimin silinmesi*|bilgilerimi silin*|",
                "kaydimi silin*|mail gonderme|mail atma|gondermeyiniz|gondermeyin|sistemden cikar*|",
                // Hungarian
                "leiratkoz*|leiratkozas*|iratkozzanak le|iratkoztassanak le|toroljenek|toroljon|toroljek|",
                "torolje az|torolje a cimem*|torolj|vegyenek le|vegyen le|vegyetek le|ne kuldjon|",
                "ne kuldjenek|ne kuldjetek|ne irjon|ne irjanak|ne keressen|ne keressenek|ne zaklass*|",
                "tobbet ne|nem kerek tobb|nem szeretnek tobb|adataim torles*|hozzajarulasomat visszavonom|",
                "kerem torolj*|nem kivanok tobb|",
                // Romanian
                "dezabon*|ma dezabonez|stergeti ma|scoateti ma|eliminati ma|stergeti ne|scoateti ne|",
                "stergeti adresa|stergeti datele|stergerea datelor|nu mai trimiteti|nu ma mai contactati|",
                "nu ne mai contactati|nu mai contactati|nu imi mai trimiteti|nu mi mai trimiteti|",
                "nu ne mai trimiteti|nu mai doresc sa primesc|nu doresc sa primesc|nu dorim sa primim|",
                "nu mai vreau sa primesc|nu vreau sa primesc|nu mai dorim sa primim|nu ma mai deranjati|",
                "opriti mesajele|incetati|scoate ma din lista|sterge ma|din lista de email*|din lista dvs|",
                "din lista voastra|nu doresc sa fiu contactat*|nu mai doresc emailuri|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "отписка|удалить|удалите|стоп|отписаться|не писать|спам|відписка|видалити|видаліть|~停止希望|",
                "~解除|~配信停止希望|~拒收|~退出|~수신거부|~거부|הסר|הסרה|stopp|cikar|iptal|dur|torles|stop|stergere|odhlasit|",
                "zrusit odber|vymazat|poisto|lopeta|peruuta|",
            ),
        ),
        (Cue::Hesitate, "не стесняйтесь|не соромтеся|nevahejte|alkaa epa*|ne habozzon|nu ezitati|cekinmeyin|"),
        (Cue::Until, "до|пока|until|"),
        (Cue::Undo, "по ошибке|случайно|помилково|omylem|vahingossa|~誤って|~误|yanlislikla|tevedesbol|din greseala|"),
        (
            Cue::Third,
            concat!(
                "клиентов|клиенты|пользователей|пользователи|клієнтів|користувачів|~用户|~客户|~ユーザー|",
                "musteriler*|ugyfelek|clientii|uzivatele|zakazniky|asiakkaat|",
            ),
        ),
        (Cue::Feature, "функция|ссылка|кнопка|~機能|~功能|~链接|"),
    ],
};
