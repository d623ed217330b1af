//! Spanish.

use super::cues::{Cue, Language};

pub(super) const SPANISH: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "darme de baja|no me contacten|no me contacte|no me contactes|no me contacteis|",
                "no nos contacten|no nos contacte|no contactarme|no contactarnos|no me escriban|",
                "no me escriba|no me escribas|me eliminen|me elimine de|me borren|me borre de|me quiten|",
                "me quite de|me saquen|me saque de|me retiren|me retire de|me excluyan|nos eliminen|",
                "nos quiten|nos borren|darnos de baja|denme de baja|deme de baja|dame de baja|dadme de baja|",
                "dar de baja|den de baja|me de de baja|nos den de baja|denos de baja|dennos de baja|",
                "darse de baja|me doy de baja|dando de baja|dado de baja|solicito la baja|solicito baja|",
                "solicito mi baja|solicitar la baja|solicitamos la baja|quiero la baja|quiero baja|",
                "baja de su|baja de la lista|baja de esta|baja de vuestra|baja de tu|baja en su|",
                "baja por favor|tramitar la baja|tramiten mi baja|procesar mi baja|la baja inmediata|",
                "la baja de mi|la baja de este|mi baja|eliminenme|eliminame|eliminadme|eliminarme|elimineme|",
                "eliminarnos|borrenme|borrame|borreme|borrarme|quitenme|quitame|quiteme|quitarme|quitarnos|",
                "quitadme|saquenme|sacame|saqueme|sacarme|retirenme|retireme|retirarme|excluyanme|",
                "no me envi* mas|no me mand* mas|no vuelva* a contact*|no vuelva a|no vuelvan a|",
                "no vuelvas a|no volver a|no volvais a|no me envien|no me envies|no me envie|no me envieis|",
                "no me manden|no me mandes|no me mandeis|no envien mas|no envies mas|no enviar mas|",
                "no enviarme mas|no mandar mas|no contactar mas|no escribir mas|no nos envien|no nos envie|",
                "no mas correos|no mas emails|no mas mails|no mas mensajes|no mas spam|no mas publicidad|",
                "dejen de|deje de enviar*|deje de escrib*|deje de contact*|deje de mand*|deje de molest*|",
                "deja de enviar*|deja de escrib*|deja de contact*|deja de mand*|deja de molest*|dejad de|",
                "paren de|pare de enviar*|cesen de|basta de|dejenme en paz|dejame en paz|dejeme en paz|",
                "no quiero recibir|no deseo recibir|no queremos recibir|no deseamos recibir|",
                "no deseo ser contact*|no quiero ser contact*|no deseo que|no quiero que me|",
                "no me interesa recibir|no estoy interesad* en recibir|no recibir mas|dejar de recibir|",
                "de la lista de correo*|de la lista de distribucion|derecho de supresion|derecho al olvido|",
                "derecho de oposicion|derecho de cancelacion|me opongo|nos oponemos|revoco mi|",
                "retiro mi consentimiento|supresion de mis|eliminacion de mis|cancelacion de mis|",
                "sin mi consentimiento|no solicitad*|correo no deseado|marcado como spam|",
            ),
        ),
        (
            Cue::Unsubscribe,
            concat!(
                "desuscrib*|desuscripcion|desapunt*|cancelar la suscripcion|cancelar mi suscripcion|",
                "cancelar suscripcion|anular suscripcion|anular mi suscripcion|anular la suscripcion|",
                "dessuscrib*|desinscrib*|",
            ),
        ),
        (
            Cue::Command,
            concat!(
                "baja|eliminar|borrar|dar baja|no mas|no mas correos|no contactar|no escribir|basta|spam|",
                "remover|quitar|baja inmediata|alto|",
            ),
        ),
        (Cue::Remove, "elimin*|borr*|quit*|saquen|saque|sacar|retir*|suprim*|exclu*|cancel*|remover|remueva*|"),
        (
            Cue::Me,
            concat!(
                "mi correo|mi email|mi mail|mi direccion|mi contacto|mis datos|mi nombre|",
                "mi cuenta de correo|nuestro correo|nuestros datos|nuestra direccion|este correo|",
                "esta direccion|mi e mail|mi informacion|nuestro email|este email|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "su lista*|sus listas|lista de correo*|lista de distribucion|lista de envio*|su base*|",
                "sus bases|vuestra lista|tu lista|sus envios|su mailing*|mailing list|sus contactos|",
                "vuestras listas|",
            ),
        ),
        (Cue::Stop, "dejen de|deje de|deja de|dejad de|paren de|pare de|para de|cesen de|cese|basta de|stop|"),
        (Cue::Sending, "enviar*|mandar*|escribir*|contactar*|molestar*|spam|insistir|correos|emails|mails|mensajes|"),
        (Cue::Not, "no|nunca|jamas|ni|"),
        (
            Cue::Contact,
            concat!(
                "contacten|contacte|contactes|contacteis|contactar|contactarme|contactarnos|escriban|",
                "escriba|escribas|escribir|escribirme|escribais|envien|envie|envies|enviar|enviarme|",
                "enviarnos|envieis|manden|mande|mandes|mandar|mandarme|molesten|moleste|molesteis|molestes|",
                "molestar|molestarme|insistan|insista|",
            ),
        ),
        (Cue::Again, "mas|de nuevo|nunca|en el futuro|nuevamente|otra vez|en adelante|jamas|"),
        (Cue::Want, "quier*|queremos|desea*|deseo|quisiera|interes*|necesit*|"),
        (
            Cue::Receive,
            concat!(
                "recibir|ser contactad*|que me contacten|que me envien|que me escriban|sus correos|",
                "sus mails|sus emails|mas correos|mas mails|mas emails|vuestros correos|",
            ),
        ),
        (Cue::NoMore, "no mas|ningun mas|ni un mas|nunca mas|"),
        (Cue::Mails, "correo*|email*|mail*|mensaje*|publicidad|spam|newsletter*|comunicacion*|"),
        (Cue::Hesitate, "dud*|olvid*|no deje de|no dejes de|no dejen de|vacil*|"),
        (Cue::Until, "hasta|antes|por ahora|de momento|por el momento|actualmente|por telefono|todavia|"),
        (
            Cue::Third,
            concat!(
                "clientes|cliente|usuarios|usuario|contactos|suscriptores|destinatarios|leads|personas|",
                "gente|empleados|",
            ),
        ),
        (
            Cue::Feature,
            concat!(
                "enlace|boton|tasa|funcion*|pagina|opcion*|proceso|medica|maternal|laboral|maternidad|",
                "paternidad|por enfermedad|",
            ),
        ),
        (Cue::Undo, "por error|sin querer|volver a suscrib*|volver a darme de alta|"),
        (Cue::Law, "rgpd|lopd|lopdgdd|lssi|lssice|articulo 17|articulo 21|art 17|proteccion de datos|"),
        (
            Cue::Claim,
            concat!(
                "elimin*|supr*|mis datos|oponer*|opong*|denunci*|reclamacion|incumpl*|solicito|exijo|",
                "infraccion|",
            ),
        ),
    ],
};
