//! The words of objections and refusals, folded, by language; with `*` a word may go on.

/// Too dear, or no budget.
pub(super) const TOO_EXPENSIVE: &str = concat!(
    // English
    "too expensive|too pricey|too costly|too much money|no budget|not have the budget|dont have the budget|",
    "dont have budget|dont have a budget|do not have budget|do not have a budget|not have budget|",
    "not in the budget|not in our budget|out of our budget|out of budget|over our budget|above our budget|",
    "beyond our budget|price is too high|prices are too high|pricing is too high|cost is too high|",
    "cant afford|cannot afford|can not afford|not afford|budget constraints|budget freeze|tight budget|",
    "limited budget|budget is limited|budget is tight|budgets are frozen|",
    // German
    "zu teuer|kein budget|kein geld|nicht im budget|sprengt unser budget|sprengt das budget|",
    "ubersteigt unser budget|preis ist zu hoch|preise sind zu hoch|zu kostspielig|nicht leisten|",
    "budget ist ausgeschopft|keine mittel|",
    // French
    "trop cher|trop chere|trop couteux|pas de budget|pas le budget|pas les moyens|hors budget|",
    "hors de notre budget|aucun budget|trop eleve*|plus de budget|",
    // Spanish
    "demasiado caro|muy caro|no tenemos presupuesto|no hay presupuesto|sin presupuesto|fuera de presupuesto|",
    "fuera de nuestro presupuesto|no contamos con presupuesto|precio es muy alto|no podemos permitirnos|",
    "no tengo presupuesto|precio demasiado alto|",
    // Italian
    "troppo caro|troppo costoso|troppo cara|non abbiamo budget|non abbiamo il budget|nessun budget|",
    "fuori budget|prezzo troppo alto|non possiamo permetterci|troppo elevato|",
    // Dutch
    "te duur|te prijzig|geen budget|niet in het budget|buiten ons budget|boven ons budget|prijs is te hoog|",
    "te kostbaar|niet veroorloven|",
    // Portuguese
    "muito caro|nao temos orcamento|nao ha orcamento|sem orcamento|nao temos verba|sem verba|",
    "fora do orcamento|fora do nosso orcamento|preco muito alto|nao temos budget|",
    // Polish
    "za drogo|zbyt drogie|zbyt drogo|za drogie|nie mamy budzetu|brak budzetu|nie mamy srodkow|",
    "zbyt wysoka cena|cena jest zbyt wysoka|cena jest za wysoka|poza budzetem|nie stac nas|",
    // Swedish
    "for dyrt|for dyr|ingen budget|inte budget|inte i budgeten|har inte rad|saknar budget|over var budget|",
    // Danish
    "intet budget|ikke budget|ikke rad til|uden for budget*|",
    // Norwegian
    "ikke budsjett|ingen budsjett|utenfor budsjett*|mangler budsjett|har ikke rad|",
);

/// Not now.
pub(super) const NOT_NOW: &str = concat!(
    // English
    "not now|not right now|not at the moment|not at this time|not at this point|not at this moment|",
    "not currently|not this year|not this quarter|not today|bad timing|timing is not|timing isnt|",
    "timing is off|not the right time|not a good time|not a priority|no current need|currently no need|",
    "currently not|nothing planned|no plans|not in the near future|",
    // German
    "gerade nicht|jetzt nicht|nicht jetzt|falscher zeitpunkt|nicht der richtige zeitpunkt|dieses jahr nicht|",
    // French
    "pas maintenant|pas cette annee|pas d actualite|pas le bon moment|pas la priorite|pas une priorite|",
    // Spanish
    "ahora no|no es el momento|no es buen momento|este ano no|no es una prioridad|no es prioridad|",
    "ahora mismo no|",
    // Italian
    "non ora|non adesso|non e il momento|non e una priorita|quest anno no|",
    // Dutch
    "nu niet|niet nu|dit jaar niet|geen prioriteit|nu geen|voor nu|niet het juiste moment|",
    // Portuguese
    "agora nao|nao agora|nao e o momento|este ano nao|nao e prioridade|nao e uma prioridade|",
    // Polish
    "nie teraz|teraz nie|nie w tym roku|nie jest to dobry moment|nie jest priorytetem|",
    // Swedish
    "inte nu|inte i ar|inte ratt tid*|ingen prioritet|",
    // Danish
    "ikke nu|ikke i ar|ikke det rette tidspunkt|ikke en prioritet|",
    // Norwegian
    "ikke na|ikke det rette tidspunktet|ikke prioritert|",
);

/// What says "at present"; with a negation beside it or in a refusal it is [`NOT_NOW`].
pub(super) const PRESENT: &str = concat!(
    // English
    "currently|right now|at present|at the moment|at this time|for the time being|for now|",
    // German
    "im moment|momentan|derzeit|zurzeit|zur zeit|aktuell|im augenblick|gegenwartig|vorerst|",
    // French
    "pour le moment|pour l instant|en ce moment|actuellement|a l heure actuelle|",
    // Spanish
    "por ahora|de momento|por el momento|en este momento|actualmente|",
    // Italian
    "al momento|per ora|attualmente|in questo momento|per il momento|",
    // Dutch
    "op dit moment|momenteel|voorlopig|op het moment|",
    // Portuguese
    "neste momento|no momento|por agora|por enquanto|atualmente|",
    // Polish
    "obecnie|na razie|w tej chwili|w tym momencie|aktualnie|na chwile obecna|na ten moment|",
    // Swedish
    "just nu|for tillfallet|for narvarande|i nulaget|",
    // Danish
    "lige nu|i ojeblikket|pa nuvaerende tidspunkt|for tiden|",
    // Norwegian
    "akkurat na|for oyeblikket|pa navaerende tidspunkt|",
);

/// Invitations to come back.
pub(super) const INVITATION: &str = concat!(
    // English
    "contact me again|contact us again|contact me in|contact us in|reach out in|reach out again|reach back|",
    "reach out next|reach out after|get back to me in|get back to us in|get in touch in|get in touch again|",
    "check back|check in again|circle back|follow up in|follow up next|ping me in|ping me again|",
    "try again in|try again next|try me again|touch base in|touch base again|revisit|come back to me|",
    "come back to us|",
    // German
    "melden sie sich im|melden sie sich in|melden sie sich wieder|melden sie sich nachstes|",
    "melden sie sich noch einmal|melden sie sich nochmal|melden sie sich bitte im|melden sie sich bitte in|",
    "melden sie sich gerne im|melden sie sich gerne in|melden sie sich gerne wieder|",
    "melden sie sich gern wieder|melden sie sich spater|kommen sie im|kommen sie in|kommen sie wieder|",
    "kommen sie nachstes|kontaktieren sie mich im|kontaktieren sie mich in|kontaktieren sie uns im|",
    "kontaktieren sie uns in|kontaktieren sie mich wieder|",
    // French
    "recontactez moi|recontactez nous|me recontacter|nous recontacter|revenez vers moi|revenez vers nous|",
    "revenir vers moi|revenir vers nous|",
    // Spanish
    "escribame|escribeme|escribanme|contacteme|contactame|busqueme|llameme en|llamame en|vuelva a|",
    "hablamos en|lo vemos en|lo retomamos|retomar el tema|retomamos|contacteme en|contactame en|",
    "contacteme de nuevo|contacteme mas|contacteme despues|escribame en|",
    // Italian
    "mi ricontatti|ricontattatemi|ricontattarmi|ricontattateci|",
    // Dutch
    "nog eens contact|nogmaals contact|opnieuw contact|nog eens aan|",
    "neem later contact|later contact|",
    // Portuguese
    "volte a contactar|volte a falar|",
    // Polish
    "prosze o kontakt w|prosze o kontakt za|prosze odezwac sie|prosze wrocic|",
    // Swedish
    "aterkom|hor av dig igen|hor av er igen|kontakta mig igen|",
    // Danish
    "vend tilbage|kontakt mig igen|kontakt os igen|",
    // Norwegian
    "ta kontakt igjen|kontakt meg igjen|",
);

/// Times far ahead; with a refusal, or with [`MAYBE`], they are invitations.
pub(super) const LATER: &str = concat!(
    // English
    "next quarter|next year|q1|q2|q3|q4|maybe later|perhaps later|later this year|later in the year|",
    "in a few months|in a couple of months|in a few weeks|in six months|in 6 months|in three months|",
    "in 3 months|in two months|in 2 months|in the new year|in the fall|in the autumn|in autumn|in spring|",
    "in summer|after the summer|after summer|at a later date|at a later time|at a later stage|in january|",
    "in february|in march|in april|in may|in june|in july|in august|in september|in october|in november|",
    "in december|",
    // German
    "spater noch einmal|spater nochmal|spater wieder|nachstes jahr|nachsten jahr|im neuen jahr|",
    "nachstes quartal|nachsten quartal|in ein paar monaten|in einigen monaten|in sechs monaten|",
    "in drei monaten|in 6 monaten|in 3 monaten|in zwei monaten|in einem halben jahr|im herbst|im fruhjahr|",
    "im sommer|im winter|nach dem sommer|nach der sommerpause|ende des jahres|ende des quartals|",
    "anfang des jahres|vielleicht spater|zu einem spateren zeitpunkt|gerne spater|im januar|im februar|",
    "im marz|im april|im mai|im juni|im juli|im august|im september|im oktober|im november|im dezember|",
    // French
    "l annee prochaine|l an prochain|le trimestre prochain|au prochain trimestre|prochain trimestre|",
    "dans quelques mois|dans six mois|dans 6 mois|dans trois mois|dans 3 mois|plus tard|a la rentree|",
    "apres l ete|en janvier|en fevrier|en mars|en avril|en mai|en juin|en juillet|en aout|en septembre|",
    "en octobre|en novembre|en decembre|",
    // Spanish
    "mas adelante|el proximo ano|el ano que viene|el proximo trimestre|proximo trimestre|",
    "dentro de unos meses|en unos meses|en seis meses|en tres meses|despues del verano|en enero|en febrero|",
    "en marzo|en abril|en mayo|en junio|en julio|en agosto|en septiembre|en octubre|en noviembre|",
    "en diciembre|",
    // Italian
    "mi contatti a|piu avanti|l anno prossimo|il prossimo anno|il prossimo trimestre|prossimo trimestre|",
    "tra qualche mese|fra qualche mese|tra sei mesi|fra sei mesi|dopo l estate|a gennaio|a febbraio|a marzo|",
    "a aprile|a maggio|a giugno|a luglio|a agosto|a settembre|a ottobre|a novembre|a dicembre|",
    // Dutch
    "volgend jaar|volgend kwartaal|over een paar maanden|over een half jaar|over zes maanden|",
    "over drie maanden|na de zomer|in het najaar|in het voorjaar|later dit jaar|op een later moment|",
    "later nog eens|in januari|in februari|in maart|in mei|in juni|in juli|in augustus|in oktober|",
    // Portuguese
    "mais tarde|mais para a frente|mais para frente|mais pra frente|no proximo ano|ano que vem|",
    "daqui a alguns meses|daqui a uns meses|em alguns meses|depois do verao|em janeiro|em fevereiro|",
    "em marco|em abril|em maio|em junho|em julho|em agosto|em setembro|em outubro|em novembro|em dezembro|",
    // Polish
    "w przyszlym roku|w przyszlym kwartale|w nowym roku|za kilka miesiecy|za pol roku|za trzy miesiace|",
    "po wakacjach|pozniej|w pozniejszym terminie|jesienia|wiosna|w kolejnym kwartale|w styczniu|w lutym|",
    "w marcu|w kwietniu|w maju|w czerwcu|w lipcu|w sierpniu|we wrzesniu|w pazdzierniku|w listopadzie|",
    "w grudniu|",
    // Swedish
    "nasta ar|nasta kvartal|om nagra manader|om ett halvar|efter sommaren|till hosten|i host|langre fram|",
    "vid ett senare|i januari|i februari|i mars|i april|i maj|i juni|i juli|i augusti|i september|i oktober|",
    "i november|i december|",
    // Danish
    "naeste ar|naeste kvartal|om nogle maneder|om et halvt ar|efter sommerferien|efter sommeren|",
    "til efteraret|til foraret|pa et senere|senere pa aret|i januar|i februar|i marts|i august|",
    // Norwegian
    "neste ar|neste kvartal|om noen maneder|etter sommeren|etter ferien|til hosten|til varen|senere i ar|",
    "i mai|i desember|",
);

/// Perhaps.
pub(super) const MAYBE: &str = concat!(
    "maybe|perhaps|probably|possibly|vielleicht|eventuell|moglicherweise|peut etre|quiza|quizas|tal vez|",
    "forse|magari|misschien|wellicht|talvez|quem sabe|moze|byc moze|kanske|maske|kanskje|not until|rather|",
    "eher|fruhestens|",
);

/// They have something already.
pub(super) const HAS_SOLUTION: &str = concat!(
    // English
    "we use already|use already|content with|happy with what|satisfied with what|satisfied with it|",
    "happy with it|existing contract|have someone|have somebody|have something in place|already in place|",
    "covered by our|taken care of|well served|well looked after|work with another|working with another|",
    "contract with|we already use|we already have|already using|already use|already work with|",
    "already working with|already have a|already have an|already have our|already got a|already covered|",
    "we currently use|we currently work with|currently using|currently use|have our own|built our own|",
    "do this internally|do that internally|do this in house|do it in house|handle this in house|",
    "handled in house|handle it internally|do it ourselves|happy with our|satisfied with our|happy with the|",
    "existing provider|existing supplier|existing vendor|existing solution|current provider|",
    "current supplier|current vendor|current solution|under contract with|locked into|locked in with|",
    // German
    "im einsatz|damit zufrieden|sind zufrieden|sehr zufrieden|eigenes system|eigene software|eigenes tool|",
    "bereits ein|bereits eine|schon ein|bereits mit|bereits versorgt|bereits abgedeckt|abgedeckt|",
    "vertrag mit|gebunden|festen partner|anderen anbieter|nutzen bereits|nutzen wir bereits|",
    "wir haben bereits|haben wir bereits|haben bereits|wir haben schon|haben wir schon|arbeiten bereits|",
    "arbeiten wir bereits|verwenden bereits|verwenden wir bereits|setzen bereits|setzen wir bereits|",
    "nutzen schon|bereits im einsatz|schon im einsatz|bereits eine losung|bereits einen|",
    "schon einen anbieter|schon eine losung|bestehenden anbieter|bestehenden partner|",
    "bestehenden dienstleister|zufrieden mit unserem|zufrieden mit unserer|gut aufgestellt|gut versorgt|",
    "bestens versorgt|machen das intern|intern gelost|eigene losung|damit versorgt|haben da schon|",
    // French
    "deja un|deja une|deja notre|deja ce qu il|contrat avec|sous contrat|deja pourvus|deja en place|",
    "satisfaits de ce|utilisons deja|on utilise deja|nous avons deja|avons deja|on a deja|travaillons deja|",
    "on travaille deja|deja equipes|deja equipe|deja un prestataire|deja un fournisseur|deja une solution|",
    "deja un outil|deja un partenaire|satisfaits de notre|satisfait de notre|disposons deja|",
    // Spanish
    "contrato con|estamos contentos|estamos satisfechos|otro proveedor|ya usamos|ya utilizamos|ya tenemos|",
    "ya trabajamos|ya contamos con|ya disponemos|contentos con nuestro|satisfechos con nuestro|",
    "lo hacemos internamente|proveedor actual|",
    // Italian
    "contratto con|altro fornitore|siamo soddisfatti|siamo contenti|usiamo gia|utilizziamo gia|abbiamo gia|",
    "lavoriamo gia|collaboriamo gia|gia una soluzione|gia un fornitore|gia un partner|",
    "soddisfatti del nostro|gia coperti|disponiamo gia|",
    // Dutch
    "al met een|andere leverancier|contract met|zijn tevreden|heel tevreden|al een|hiervoor al|",
    "hebben daar al|gebruiken al|gebruiken we al|gebruiken wij al|we hebben al|wij hebben al|hebben we al|",
    "hebben wij al|werken al met|hebben al een|tevreden met onze|tevreden met ons|tevreden over onze|",
    "doen dit zelf|doen dit intern|in eigen beheer|al voorzien|werken al samen|",
    // Portuguese
    "contrato com|outro fornecedor|estamos satisfeitos|ja usamos|ja utilizamos|ja temos|ja trabalhamos|",
    "ja contamos com|ja dispomos|satisfeitos com o nosso|fornecedor atual|",
    // Polish
    "umowe z|innym dostawca|jestesmy zadowoleni|mamy swoje|juz korzystamy|korzystamy juz|mamy juz|juz mamy|",
    "wspolpracujemy juz|juz wspolpracujemy|uzywamy juz|juz uzywamy|posiadamy juz|juz posiadamy|",
    "jestesmy zadowoleni z|robimy to sami|robimy to wewnetrznie|",
    // Swedish
    "avtal med|annan leverantor|ar nojda|har redan|anvander redan|vi har redan|har redan en|",
    "jobbar redan med|arbetar redan med|nojda med var|nojda med vart|nojd med var|skoter det internt|",
    "gor det internt|",
    // Danish
    "aftale med|anden leverandor|er tilfredse|har allerede|bruger allerede|vi har allerede|har allerede en|",
    "arbejder allerede|samarbejder allerede|tilfredse med vores|klarer det internt|klarer det selv|",
    // Norwegian
    "avtale med|annen leverandor|er fornoyd*|bruker allerede|jobber allerede med|samarbeider allerede|",
    "fornoyd med var|fornoyde med|gjor det internt|gjor dette selv|",
);

/// Clear refusals.
pub(super) const REFUSAL: &str = concat!(
    // English
    "have to say no|it s a no|it is a no|a no from|not interesting|",
    "not interested|no interest|not of interest|no thanks|no thank you|no , thanks|no , thank you|no thx|",
    "nope|not for us|not for me|not relevant|not a fit|not a good fit|isnt a fit|isnt a good fit|",
    "not the right fit|not be a fit|we will pass|we ll pass|i ll pass|ill pass|i will pass|going to pass|",
    "have to decline|must decline|respectfully decline|politely decline|not looking for|we are not looking|",
    "not looking to|no longer interested|thanks but no|thanks , but no|not something we|not something i|",
    "uninterested|not in the market|not keen|isnt relevant|isnt for us|isnt of interest|isnt something|",
    // German
    "kein interesse|keine interesse|keinerlei interesse|nicht interessiert|nicht interessant|uninteressant|",
    "nicht relevant|nein danke|nein , danke|nein , vielen dank|lehnen wir ab|mussen ablehnen|muss ablehnen|",
    "absagen|nicht in frage|kommt fur uns nicht|kommt nicht in|danke nein|danke , nein|nichts fur uns|",
    "nichts fur mich|leider nicht interess*|kein thema|",
    // French
    "pas interesse*|pas d interet|aucun interet|non merci|non , merci|ne m interesse pas|",
    "ne nous interesse pas|pas pour nous|pas concerne*|donnerai pas suite|donnerons pas suite|",
    "pas donner suite|",
    // Spanish
    "no me interesa|no nos interesa|no estoy interesad*|no estamos interesad*|no gracias|no , gracias|",
    "sin interes|no hay interes|no es para nosotros|no tenemos interes|no tengo interes|",
    // Italian
    "non mi interessa|non ci interessa|non sono interessat*|non siamo interessat*|no grazie|no , grazie|",
    "nessun interesse|non interessa|non fa per noi|non interessati|non interessato|",
    "non e di nostro interesse|",
    // Dutch
    "geen interesse|niet geinteresseerd|geen belangstelling|niet interessant|nee bedankt|nee dank|",
    "nee , bedankt|nee , dank|niets voor ons|niet relevant|zien ervan af|hier geen|",
    // Portuguese
    "nao tenho interesse|nao temos interesse|sem interesse|nao me interessa|nao nos interessa|",
    "nao estou interessad*|nao estamos interessad*|nao obrigad*|nao , obrigad*|nao ha interesse|",
    // Polish
    "nie jestem zainteresowan*|nie jestesmy zainteresowani|nie jestem tym zainteresowan*|",
    "brak zainteresowania|nie interesuje|niezainteresowan*|nie dziekuje|nie , dziekuje|dziekuje nie|",
    "nie skorzystamy|nie skorzystam|",
    // Swedish
    "inte intresserad*|inget intresse|inte av intresse|nej tack|inte aktuellt|inte intressant|vi avstar|",
    "tackar nej|tacka nej|inget for oss|",
    // Danish
    "ikke interesseret|ikke interesserede|ingen interesse|nej tak|ikke relevant|ikke aktuelt|takker nej|",
    "ikke noget for os|",
    // Norwegian
    "ikke interessert*|nei takk|takker nei|takke nei|ikke noe for oss|",
);

/// No need: a refusal, unless it has a reason.
pub(super) const NO_NEED: &str = concat!(
    // English
    "not looking at|not looking into|not something we need|",
    "dont need|do not need|no need for|have no need|not needed|not required|have no use|no requirement|",
    // German
    "kein bedarf|keinen bedarf|keinerlei bedarf|brauchen wir nicht|benotigen wir nicht|brauche ich nicht|",
    "benotigen keine*|benotigen kein|brauchen keine*|brauchen kein|",
    // French
    "pas besoin|pas de besoin|aucun besoin|",
    // Spanish
    "no necesito|no necesitamos|no lo necesitamos|no tenemos necesidad|",
    // Italian
    "non abbiamo bisogno|non ne abbiamo bisogno|non ho bisogno|",
    // Dutch
    "geen behoefte|hebben we niet nodig|",
    // Portuguese
    "nao precisamos|nao preciso|nao necessitamos|",
    // Polish
    "nie potrzebujemy|nie potrzebuje|nie mamy potrzeby|nie mamy zapotrzebowania|brak zapotrzebowania|",
    "brak potrzeby|",
    // Swedish
    "inget behov|",
    // Danish
    "intet behov|ikke behov|ikke brug for|",
    // Norwegian
    "ikke bruk for|",
    // Danish
    "ikke behov|",
    // Norwegian
    "trenger ikke|",
);

/// Somebody else decides.
pub(super) const WRONG_PERSON: &str = concat!(
    // English
    "not the right person|wrong person|not the right contact|wrong contact|not responsible for|not my area|",
    "not my department|not in charge of|not the decision maker|",
    // German
    "nicht der richtige ansprechpartner|nicht die richtige ansprechpartnerin|nicht der richtige|",
    "nicht die richtige|falscher ansprechpartner|falsche ansprechpartnerin|nicht zustandig|",
    "nicht verantwortlich|",
    // Other languages
    "pas la bonne personne|pas le bon interlocuteur|pas la bonne interlocutrice|no soy la persona|",
    "persona equivocada|non sono la persona giusta|persona sbagliata|niet de juiste persoon|",
    "verkeerde persoon|niet de juiste contactpersoon|nao sou a pessoa|pessoa errada|",
    "nie jestem wlasciwa osoba|niewlasciwa osoba|nie jestem odpowiedzialn*|inte ratt person|fel person|",
    "ikke den rette person|forkert person|ikke rett person|ikke riktig person|feil person|",
);

/// Who that is.
pub(super) const REFERRAL: &str = concat!(
    // English
    "please contact|contact my|reach out to|get in touch with|speak to|speak with|talk to|copying|copied|",
    "cc ing|ccing|cc d|in cc|cc ed|forwarded|forwarding|i will forward|ill forward|i ll forward|loop* in|",
    "looping|my colleague|right person is|right person would|right contact is|is responsible|handles this|",
    "handles that|try contacting|you should contact|",
    // German
    "wenden sie sich|kontaktieren sie|mein kollege|meine kollegin|meinen kollegen|meiner kollegin|",
    "meinem kollegen|weitergeleitet|leite|im cc|zustandig ist|zustandig sind|ansprechpartner ist|",
    "ansprechpartnerin ist|weiterleiten|",
    // Other languages
    "contactez|adressez vous|mon collegue|ma collegue|transmis|transfere|contacte con|contacte a|",
    "mi companer*|mi colega|reenviado|reenvio|contatti il|contatti la|contattare il|mio collega|mia collega|",
    "inoltrato|inoltro|rivolgersi|neem contact op met|mijn collega|doorgestuurd|stuur het door|contacte o|",
    "contate o|meu colega|minha colega|encaminh*|prosze o kontakt z|kolega|kolezank*|przekaz*|kontakta min|",
    "min kollega|vidarebefordra*|kontakt min|videresend*|",
);

/// What before a wish turns it round.
pub(super) const NOT: &str = concat!(
    "not|no|dont|doesnt|never|cant|nicht|kein|keine|keinen|nein|pas|ne|n|aucun|aucune|non|sin|nunca|niet|",
    "geen|nao|sem|nie|brak|inte|ikke|ingen|inget|ej|for|",
);
