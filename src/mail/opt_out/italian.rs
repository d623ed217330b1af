//! Italian.

use super::cues::{Cue, Language};

pub(super) const ITALIAN: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "cancellatemi|non mi scriva|non mi scrivete|non mi scrivere|non mi scrivi|non ci scrivete|",
                "non ci scriva|cancellami|cancellarmi|cancellateci|cancellarci|mi cancelli|mi cancelliate|",
                "rimuovetemi|rimuovimi|rimuovermi|rimuoveteci|rimuoverci|mi rimuova|mi rimuoviate|",
                "toglietemi|toglimi|togliermi|toglieteci|mi tolga|mi togliate|eliminatemi|eliminami|",
                "eliminarmi|eliminateci|mi elimini|disiscrivetemi|disiscrivimi|disiscrivermi|",
                "non contattatemi|non contattarmi|non contattateci|non contattarci|non mi contattate|",
                "non mi contatti|non mi contattare|non ci contattate|non scrivetemi|non scrivermi|",
                "non inviatemi|non inviarmi|non mi inviate|non mi invii|non mandatemi|non mandarmi|",
                "non mi mandi|non mi mandate|non inviare piu|non inviate piu|non contattare piu|",
                "non scrivere piu|non disturb*|smettete di|smettetela|smettila|smetta di|la smetta|finitela|",
                "basta mail|basta email|basta spam|basta con|niente piu|non desidero ricevere|",
                "non desidero piu|non desideriamo|non voglio ricevere|non voglio piu|non vogliamo ricevere|",
                "non intendo ricevere|non gradisco|non ricevere piu|non essere contattat*|",
                "non essere piu contattat*|lasciatemi in pace|lasciami in pace|dalla mailing list|",
                "dalla vostra mailing*|dalla vostra newsletter|diritto all oblio|diritto di opposizione|",
                "diritto alla cancellazione|mi oppongo|ci opponiamo|revoco il consenso|revoco il mio|",
                "cancellazione dei miei|cancellazione dei dati|cancellazione dei nostri|",
                "cancellazione del mio|senza il mio consenso|senza consenso|non richiest*|",
                "segnalato come spam|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "disiscri*|disabbon*|annullare l iscrizione|annulla l iscrizione|cancellare l iscrizione|",
                "cancellazione dalla|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "cancellazione|rimuovere|rimozione|cancellare|basta|disiscrizione|disiscrivere|",
                "non contattare|eliminare|spam|niente mail|no mail|no spam|",
            ),
        ),
        (Cue::Remove, "cancell*|rimuov*|rimozione|elimin*|togli*|"),
        (
            Cue::Me,
            concat!(
                "mio indirizzo|mia mail|mia email|mio contatto|miei dati|mio nome|nostro indirizzo|",
                "nostri dati|nostra mail|nostra email|questo indirizzo|questa mail|miei contatti|",
                "mio nominativo|nostro nominativo|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "vostra lista|vostre liste|tua lista|sua lista|mailing list|vostro database|vostro elenco|",
                "vostra newsletter|lista di distribuzione|vostri elenchi|vostri archivi|vostra mailing*|",
                "vostri contatti|",
            ),
        ),
        (Cue::Stop, "smettete|smettila|smetta|smettetela|basta|finitela|cessate|stop|"),
        (
            Cue::Sending,
            concat!(
                "inviar*|mandar*|scriver*|contattar*|email|mail|spam|messaggi|pubblicita|disturbar*|",
                "insistere|",
            ),
        ),
        (Cue::Not, "non|mai|"),
        (
            Cue::Contact,
            concat!(
                "contattatemi|contattarmi|contattateci|contattarci|contattare|scrivetemi|scrivermi|",
                "scriveteci|scriverci|inviatemi|inviarmi|inviateci|inviarci|mandatemi|mandarmi|inviare|",
                "scrivere|",
            ),
        ),
        (Cue::Again, "piu|mai|oltre|ulteriormente|ulteriori|in futuro|di nuovo|"),
        (Cue::Want, "desider*|vogli*|gradis*|interess*|intend*|"),
        (
            Cue::Receive,
            concat!(
                "ricever* mail|ricever* email|ricevere vostre|ricevere piu|ricevere altre|",
                "ricevere ulteriori|ricevere comunicazioni|ricevere queste|ricevere le vostre|",
                "ricevere messaggi|essere contattat*|essere ricontattat*|vostre mail|vostre email|",
            ),
        ),
        (Cue::NoMore, "niente piu|nessuna altra|nessun altra|basta|non piu|mai piu|nessuna ulteriore|"),
        (Cue::Mails, "mail|email*|messaggi*|comunicazion*|pubblicita|newsletter|spam|"),
        (Cue::Hesitate, "esit*|dimentic*|"),
        (Cue::Until, "prima|fino|per ora|per il momento|al momento|attualmente|telefonicamente|per telefono|"),
        (Cue::Third, "clienti|cliente|utenti|utente|contatti dei|iscritti|destinatari|leads|persone|dipendenti|"),
        (
            Cue::Feature,
            concat!(
                "link|pulsante|tasso|funzion*|pagina|opzion*|processo|riunione|webinar|evento|ordine|",
                "appuntamento|",
            ),
        ),
        (Cue::Undo, "per errore|per sbaglio|reiscriv*|"),
        (Cue::Law, "gdpr|garante|art 17|articolo 17|art 21|articolo 21|art 7|codice privacy|"),
        (Cue::Claim, "cancell*|miei dati|oppon*|reclamo|violazione|segnal*|richiedo|diffido|esercit*|"),
    ],
};
