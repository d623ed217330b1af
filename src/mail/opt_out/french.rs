//! French.

use super::cues::{Cue, Language};

pub(super) const FRENCH: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "ne plus me contacter|ne pas me contacter|ne pas nous contacter|ne pas me recontacter|",
                "de me supprimer|de me retirer|de me rayer|de m enlever|de m oter|me supprimer de|",
                "me sortir de|de nous retirer|de nous supprimer|ne plus nous contacter|",
                "ne plus me solliciter|ne plus nous solliciter|ne plus m envoyer|ne plus nous envoyer|",
                "ne plus m ecrire|ne plus nous ecrire|ne plus me relancer|ne plus recevoir|",
                "ne plus etre contacte*|ne plus etre sollicite*|ne plus etre demarche*|",
                "ne plus etre relance*|ne me contactez plus|ne nous contactez plus|ne m ecrivez plus|",
                "ne m envoyez plus|ne nous envoyez plus|ne me contactez pas|ne me recontactez*|",
                "ne m envoie plus|ne me contacte plus|ne nous sollicitez plus|ne me sollicitez plus|",
                "ne me relancez p*|plus me contacter|plus m envoyer|plus recevoir de|plus recevoir d|",
                "plus recevoir vos|plus recevoir ce*|cessez de|arretez de m|arretez de nous|arretez d|",
                "arretez vos|arretez ces|arretez ce|arretez les|arreter de m|arreter de nous|",
                "arreter d envoyer|arreter vos|stop aux mails|stop aux emails|stop pub|stop spam|stop mail*|",
                "fichez moi la paix|laissez moi tranquille|foutez moi la paix|retirez moi|retirez nous|",
                "retire moi|enlevez moi|enlevez nous|supprimez moi|supprimez nous|supprimez mon|",
                "supprimez mes|supprimez nos|supprimez notre|rayez moi|rayez mon|radiez moi|otez moi|",
                "effacez mes|effacez mon|me retirer de|nous retirer de|me supprimer de|me rayer de|",
                "m enlever de|m oter de|de la liste de diffusion|de votre mailing*|de la mailing*|",
                "de votre liste de diffusion|droit d opposition|droit a l effacement|droit a l oubli|",
                "droit de suppression|je m oppose|nous nous opposons|m opposer|retire mon consentement|",
                "retirer mon consentement|sans mon consentement|sans mon accord|non sollicite*|",
                "signale comme spam|signaler comme spam|suppression de mes|suppression de mon|",
                "suppression de nos|suppression de toutes|effacement de mes|plus de mails svp|",
                "plus aucun mail|plus aucun email|plus aucun message|plus aucune sollicitation|",
                "aucune autre sollicitation|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "desabonn*|desinscri*|desincri*|desabone*|me desinscrire|me desabonner|desinscription|",
                "annuler mon inscription|annuler mon abonnement|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "desabonner|desabonnement|desinscription|desinscrire|supprimer|retirer|ne plus contacter|",
                "a supprimer|arretez|arreter|pas de pub|pas de mail*|plus de mail*|plus d email*|spam|",
                "ne plus ecrire|stop merci|",
            ),
        ),
        (Cue::Remove, "supprim*|retir*|enlev*|effac*|rayez|rayer|radiez|radier|otez|oter|suppression|exclu*|"),
        (
            Cue::Me,
            concat!(
                "moi|mon adresse|mon email*|mon mail*|mon contact|mon nom|mes donnees|mes coordonnees|",
                "notre adresse|notre email*|notre mail*|nos coordonnees|nos donnees|cette adresse|cet email|",
                "mes informations|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "votre liste*|vos listes|liste de diffusion|votre base*|vos fichiers|votre fichier|",
                "vos contacts|votre mailing*|mailing list*|vos envois|vos bases|liste d envoi|votre systeme|",
                "cette liste|ta liste|",
            ),
        ),
        (Cue::Stop, "arretez|arreter|arrete|cessez|cesser|merci d arreter|stoppez|stop|merci de cesser|"),
        (
            Cue::Sending,
            concat!(
                "m envoyer|nous envoyer|m ecrire|d ecrire|envoyer des|envoyer vos|vos mails|vos emails|",
                "vos envois|ces mails|ces emails|vos messages|spam|spammer|de me contacter|me contacter|",
                "nous contacter|solliciter|harceler|importuner|me relancer|les mails|les emails|",
                "vos sollicitations|vos relances|",
            ),
        ),
        (Cue::Not, "ne|n|pas|jamais|ne pas|"),
        (
            Cue::Contact,
            concat!(
                "contact*|recontact*|ecrire|ecrivez|envoyer|envoyez|envoie|sollicit*|derang*|importun*|",
                "relancer|relancez|demarch*|",
            ),
        ),
        (Cue::Again, "plus|jamais|davantage|a l avenir|desormais|dorenavant|"),
        (Cue::Want, "souhait*|veux|voul*|desir*|interesse* par|tiens|"),
        (
            Cue::Receive,
            concat!(
                "etre contacte*|etre sollicite*|etre demarche*|etre recontacte*|etre relance*|recevoir vos|",
                "recevoir ce type|recevoir ces|recevoir de mail*|recevoir d email*|recevoir de message*|",
                "recevoir de newsletter*|recevoir de pub*|recevoir de votre part|recevoir des mails|",
                "recevoir des emails|recevoir d autre*|recevoir de vos|vos mails|vos emails|",
                "vos communications|vos newsletters|",
            ),
        ),
        (Cue::NoMore, "plus aucun|plus aucune|aucun autre|aucune autre|pas d autres|plus jamais de|"),
        (Cue::No, "pas de|pas d|aucun|"),
        (
            Cue::Mails,
            concat!(
                "mail*|email*|courriel*|message*|newsletter*|pub|pubs|publicite*|sollicitation*|prospection|",
                "spam|demarchage|relance*|",
            ),
        ),
        (Cue::Hesitate, "hesit*|manqu*|oublie*|"),
        (Cue::Until, "avant|jusqu*|pour le moment|pour l instant|actuellement|par telephone|en ce moment|"),
        (
            Cue::Third,
            concat!(
                "utilisateurs|utilisateur|clients|client|contacts|abonnes|destinataires|prospects|gens|",
                "membres|personnes|",
            ),
        ),
        (
            Cue::Feature,
            concat!(
                "lien de|taux de|taux|bouton|fonction*|page de|option*|processus|gestion des|reunion|",
                "webinaire|evenement|",
            ),
        ),
        (Cue::Undo, "par erreur|par megarde|me reinscrire|reinscri*|reabonn*|"),
        (Cue::Law, "rgpd|cnil|article 17|article 21|art 17|art 21|loi informatique|"),
        (
            Cue::Claim,
            concat!(
                "supprim*|suppression|effac*|oppos*|plainte|mes donnees|infraction|violation|illegal*|",
                "reclamation|",
            ),
        ),
    ],
};
