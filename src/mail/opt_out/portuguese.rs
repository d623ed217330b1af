//! Portuguese.

use super::cues::{Cue, Language};

pub(super) const PORTUGUESE: Language = Language {
    is_free_order: true,
    cues: &[
        (
            Cue::Phrase,
            concat!(
                "remova me|nao me contate|nao me contatem|nao me contacte|nao me contactem|nao nos contate|",
                "nao nos contatem|nao nos contacte|nao nos contactem|nao me envie|nao me enviem|",
                "nao me enviar|nao nos envie|nao nos enviem|nao me mande|nao me mandem|nao me escreva|",
                "nao me escrevam|removam me|remove me da|me remova|me remover|me removam|me retire*|me tire|",
                "me tirem|me tirar|me exclua|me excluam|me excluir|retire me|retirem me|exclua me|",
                "excluam me|tire me|tirem me|me descadastr*|me apague*|apague meu|apaguem meu|exclua meu|",
                "excluam meu|remova meu|removam meu|remova o meu|remover meu|remover o meu|retirar o meu|",
                "retirem o meu|apagar o meu|eliminem o meu|eliminar o meu|sair da lista|sair desta lista|",
                "quero sair|nao me contacte*|nao nos contacte*|nao envie mais|nao enviem mais|",
                "nao enviar mais|nao mandar mais|nao mande mais|nao mandem mais|nao entre mais|",
                "nao entrem mais|nao entrar mais|nao voltem a|nao volte a|nao contactar mais|",
                "nao contatar mais|nao quero receber|nao desejo receber|nao queremos receber|",
                "nao desejamos receber|nao gostaria de receber|nao pretendo receber|nao pretendemos receber|",
                "nao quero mais receber|nao desejo mais receber|nao desejo ser contat*|",
                "nao quero ser contat*|nao desejo ser contact*|nao pretendo ser contact*|",
                "nao tenho interesse em receber|deixar de receber|parar de receber|pare de|parem de|",
                "deixem de|deixe de enviar|deixe de me|chega de|cancelar inscricao|cancelar a inscricao|",
                "cancelar minha inscricao|cancelar subscricao|cancelar a subscricao|anular a subscricao|",
                "anular subscricao|da lista de emails|da lista de email|da lista de distribuicao|",
                "do vosso mailing|do seu mailing|da mailing list|deixe me em paz|deixem me em paz|",
                "me deixe em paz|direito ao esquecimento|direito de oposicao|direito ao apagamento|",
                "oponho me|me oponho|revogo o|revogo meu|retiro o consentimento|retiro o meu|",
                "eliminacao dos meus|exclusao dos meus|exclusao de meus|apagamento dos meus|",
                "sem o meu consentimento|sem meu consentimento|sem autorizacao|nao solicitad*|nao autorizo|",
                "marcado como spam|",
            ),
        ),
        (Cue::Unsubscribe, "descadastr*|desinscrev*|desinscri*|dessubscrev*|desubscrev*|cancelamento da inscricao|"),
        (
            Cue::Command,
            concat!(
                "descadastrar|remover|sair|cancelar inscricao|remover email|descadastre|descadastro|remova|",
                "excluir|parar|pare|spam|nao contactar|nao contatar|chega|",
            ),
        ),
        (Cue::Remove, "remov*|exclu*|retir*|apag*|elimin*|tirar|tirem|tire|"),
        (
            Cue::Me,
            concat!(
                "meu email|meu e mail|meu endereco|meu contato|meu contacto|meu nome|meus dados|nosso email|",
                "nossos dados|nosso endereco|este email|este endereco|meu mail|meus contatos|meus contactos|",
            ),
        ),
        (
            Cue::List,
            concat!(
                "sua lista|suas listas|vossa lista|lista de email*|lista de contatos|lista de contactos|",
                "lista de distribuicao|sua base|vossa base|seu mailing|sua mailing|vosso mailing|",
                "mailing list|seu banco de dados|vossas listas|",
            ),
        ),
        (Cue::Stop, "pare de|parem de|deixe de|deixem de|chega de|cesse*|parar de|stop|"),
        (Cue::Sending, "enviar*|mandar*|contatar*|contactar*|escrever*|incomodar*|spam|emails|insistir|me enviar|"),
        (Cue::Not, "nao|nunca|jamais|"),
        (
            Cue::Contact,
            concat!(
                "contate|contatem|contacte|contactem|contatar|contactar|entre em contato|entrem em contato|",
                "entrar em contato|entre em contacto|entrem em contacto|entrar em contacto|envie|enviem|",
                "enviar|mande|mandem|mandar|escreva|escrevam|escrever|incomode|incomodem|perturbe|perturbem|",
            ),
        ),
        (Cue::Again, "mais|novamente|nunca|de novo|no futuro|futuramente|jamais|"),
        (Cue::Want, "quero|desejo|queremos|desejamos|gostaria*|pretendo|pretendemos|interesse em|"),
        (Cue::Receive, "receber|ser contatad*|ser contactad*|mais emails|seus emails|os vossos emails|"),
        (Cue::NoMore, "nao mais|sem mais|chega de|nada de|nunca mais|"),
        (Cue::Mails, "email*|mensage*|contato*|publicidade|propaganda|newsletter*|spam|mails|"),
        (Cue::Hesitate, "hesit*|deixe de nos|esque*|deixe de me contat*|deixe de entrar|"),
        (Cue::Until, "antes|ate|por agora|por enquanto|de momento|no momento|por telefone|ainda|"),
        (
            Cue::Third,
            concat!(
                "clientes|cliente|usuarios|utilizadores|contatos dos|assinantes|destinatarios|leads|pessoas|",
                "funcionarios|",
            ),
        ),
        (Cue::Feature, "link|botao|taxa|funcao|funcionalidade*|pagina|opcao|opcoes|processo|reuniao|evento|webinar|"),
        (Cue::Undo, "por engano|por erro|sem querer|"),
        (Cue::Law, "lgpd|rgpd|artigo 17|artigo 21|art 17|art 18|cnpd|anpd|"),
        (
            Cue::Claim,
            concat!(
                "elimin*|exclu*|apag*|meus dados|oponh*|oposicao|denuncia*|queixa|reclamacao|violacao|",
                "solicito|exijo|",
            ),
        ),
    ],
};
