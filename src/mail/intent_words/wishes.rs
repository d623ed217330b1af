//! The words of wishes and questions, folded, by language; with `*` a word may go on.

/// A wish to talk, see a demonstration or fix a time.
pub(super) const TALK: &str = concat!(
    // English
    "lets talk|let s talk|let us talk|lets chat|let s chat|let s connect|lets connect|let s meet|lets meet|",
    "let s do a call|let s schedule|lets schedule|let s set up|lets set up|let s book|lets book|let s speak|",
    "lets speak|let s have a|lets have a|let s find a|book a call|schedule a call|set up a call|",
    "setup a call|arrange a call|jump on a call|hop on a call|get on a call|have a call|do a call|",
    "quick call|short call|happy to talk|happy to chat|happy to connect|happy to meet|happy to speak|",
    "happy to jump|happy to hop|happy to have a|open to a call|open to a chat|open to talking|",
    "open to a conversation|up for a call|up for a chat|send me times|send me some times|send some times|",
    "send times|send over some times|send over times|send me a few times|send a few times|share some times|",
    "share your calendar|your calendar link|calendar invite|send an invite|send me an invite|",
    "send me a calendar|send a calendar|send me your availability|your availability|when are you free|",
    "when are you available|when can we talk|when can we speak|when can we meet|when could we|",
    "when would you be free|when works for you|what times work|what time works|give me a call|",
    "give me a ring|call me|ring me|would love to talk|would like to talk|would love to chat|",
    "would like to speak|love to see a demo|like to see a demo|would love a demo|would like a demo|",
    "like a demo|book a demo|schedule a demo|show me a demo|set up a demo|arrange a demo|set up a meeting|",
    "schedule a meeting|book a meeting|arrange a meeting|set up a time|schedule a time|find a time|",
    "pick a time|book a time|set up some time|i booked|i have booked|i ve booked|just booked|booked a slot|",
    "booked a time|can we talk|can we speak|can we chat|could we talk|could we speak|can we schedule|",
    "could we schedule|can we set up|could we set up|can we arrange|could we arrange|can we jump|",
    "can you call|could you call|speak next week|talk next week|talk tomorrow|meet next week|chat next week|",
    "talk this week|chat this week|propose a time|suggest a time|suggest some times|propose some times|",
    // German
    "lassen sie uns telefonieren|lassen sie uns sprechen|lassen sie uns gerne|lassen sie uns einen|",
    "lassen sie uns mal|lassen sie uns kurz|lass uns telefonieren|lass uns sprechen|lass uns einen|",
    "gerne telefonieren|gern telefonieren|konnen gerne telefonieren|termin vereinbaren|termin ausmachen|",
    "termin machen|termin finden|terminvorschlag*|rufen sie mich|rufen sie an|rufen sie gerne an|ruf mich|",
    "telefontermin*|gerne ein gesprach|gern ein gesprach|gerne zu einem gesprach|kurzes gesprach|",
    "kennenlerngesprach|wann passt es|wann hatten sie zeit|wann haben sie zeit|wann konnen wir|",
    "wann konnten wir|schicken sie mir termine|senden sie mir termine|schlagen sie mir termine|",
    "schlagen sie termine|schlagen sie mir einen termin|schlagen sie einen termin|demo sehen|",
    "demo vereinbaren|demotermin*|gerne eine demo|kalenderlink|buchungslink|gerne austauschen|",
    "gern austauschen|konnen wir telefonieren|konnen wir sprechen|konnen wir kurz|termineinladung|",
    "termin gebucht|termin eingestellt|terminanfrage|zeitfenster|",
    // French
    "appelez moi|appelle moi|rappelez moi|prenons rendez vous|prendre rendez vous|fixer un rendez vous|",
    "convenir d un|caler un|planifier un|programmer un appel|organiser un appel|organiser une visio|",
    "organiser un rendez vous|organiser un call|vos disponibilites|tes disponibilites|vos creneaux|",
    "proposez moi un|proposez moi des|discutons en|parlons en|en discuter de vive voix|on peut echanger|",
    "echanger par telephone|volontiers pour un echange|ravi d echanger|partant pour|",
    "rendez vous telephonique|faire une demo|voir une demo|une demonstration|quand etes vous disponible|",
    "quand pouvons nous|",
    // Spanish
    "llameme|llamame|llamenme|hablemos|podemos hablar|podriamos hablar|agendar una|agendemos|agendamos una|",
    "programar una llamada|programar una reunion|programemos|concertar una|concretar una|su disponibilidad|",
    "tu disponibilidad|que disponibilidad|cuando podemos hablar|cuando podriamos|gustaria una demo|",
    "gustaria ver una demo|ver una demo|agendar demo|una demostracion|tengamos una|hagamos una llamada|",
    "podemos reunirnos|podriamos reunirnos|me puede llamar|puede llamarme|podemos agendar|",
    // Italian
    "chiamatemi|mi chiami|chiamami|sentiamoci|possiamo sentirci|potremmo sentirci|fissare una|fissare un|",
    "fissiamo|organizziamo una|organizzare una call|programmare una|fare una call|vedere una demo|",
    "una dimostrazione|vostra disponibilita|tua disponibilita|sua disponibilita|quando possiamo|",
    "quando potremmo|vediamoci|prenotare una|parliamone|possiamo parlarne|",
    // Dutch
    "bel mij|bel me|belt u mij|laten we bellen|laten we eens bellen|laten we een|afspraak maken|",
    "afspraak inplannen|afspraak plannen|call inplannen|gesprek inplannen|plan maar|plan gerust|",
    "wanneer kunnen we|wanneer schikt|wanneer heeft u tijd|wanneer heb je tijd|wanneer komt het|",
    "kunnen we bellen|kunnen we even bellen|graag bellen|graag een demo|demo inplannen|graag een gesprek|",
    "stuur een uitnodiging|stuur maar een uitnodiging|uw beschikbaarheid|je beschikbaarheid|",
    "jullie beschikbaarheid|graag een afspraak|",
    // Portuguese
    "me ligue|ligue me|ligue para mim|vamos conversar|vamos falar|vamos marcar|vamos agendar|marcar uma|",
    "marcar um|agendar uma|agendar um|podemos conversar|podemos falar|podemos marcar|sua disponibilidade|",
    "vossa disponibilidade|tua disponibilidade|quando podemos|ver uma demo|gostaria de uma demo|",
    "uma demonstracao|pode me ligar|podem ligar me|",
    // Polish
    "prosze o telefon|prosze zadzwonic|prosze o kontakt telefoniczny|zadzwon do mnie|umowmy sie|umowic sie|",
    "umowic spotkanie|umowic rozmowe|umowienie spotkania|porozmawiajmy|mozemy porozmawiac|",
    "chetnie porozmawiam|chetnie porozmawiamy|kiedy mozemy|kiedy moglibysmy|propozycje terminow|",
    "propozycje terminu|prosze o terminy|dostepne terminy|chetnie zobacze|umowmy spotkanie|",
    // Swedish
    "ring mig|ring garna|boka ett mote|boka in|boka mote|lat oss prata|lat oss boka|lat oss ta|boka en tid|",
    "boka en demo|nar kan vi|nar passar|kan vi prata|kan vi ta ett|kan vi boka|garna ett mote|garna en demo|",
    "ta ett samtal|skicka tider|forslag pa tid*|",
    // Danish
    "ring til mig|lad os tale|lad os tage|lad os booke|lad os aftale|lad os snakke|booke et mode|",
    "book et mode|aftale et mode|hvornar kan vi|hvornar passer|kan vi tale|kan vi tage|kan vi aftale|",
    "send tider|forslag til tid*|se en demo|gerne en demo|gerne et mode|tage et mode|tage en snak|",
    "gerne en snak|",
    // Norwegian
    "ring meg|la oss ta|la oss snakke|la oss booke|la oss avtale|booke et mote|book et mote|avtale et mote|",
    "nar passer|kan vi ta|kan vi avtale|ta en prat|gjerne en prat|gjerne et mote|gjerne en demo|",
);

/// A wish for more information.
pub(super) const INFO: &str = concat!(
    // English
    "one pager|onepager|some info|some information|a bit more|a little more|read up|more about|send me the|",
    "send the brochure|brochure|send me more|send more info*|send me some info*|send me info*|",
    "send me the info*|send some info*|send over some|send over more|send over info*|send info*|",
    "more information|more info|more details|further information|further details|additional information|",
    "tell me more|tell us more|send me details|send me the details|send details|send over details|",
    "share more|share some more|share details|share some info*|send me a deck|send a deck|send the deck|",
    "send over a deck|send your deck|send me a brochure|send a brochure|a one pager|send me something|",
    "would like to know more|like to learn more|love to learn more|love to know more|like to hear more|",
    "love to hear more|want to know more|want to learn more|interested in learning|interested to learn|",
    "interested to hear|interested in hearing|curious to learn|curious to hear|case stud*|learn more about|",
    "know more about|",
    // German
    "ein paar infos|paar informationen|infos dazu|informationen dazu|naheres|mal infos|gerne infos|",
    "gern infos|informationen zu|mehr informationen|mehr infos|weitere informationen|weitere infos|",
    "nahere informationen|nahere infos|mir informationen|mir infos|uns informationen|uns infos|infomaterial|",
    "informationsmaterial|unterlagen|mehr erfahren|mehr daruber|mehr dazu|genaueres|broschure*|",
    "infos zukommen|informationen zukommen|mehr details|weitere details|fallstudie*|erzahlen sie mehr|",
    "senden sie mir gerne mehr|schicken sie mir gerne mehr|",
    // French
    "des informations|quelques informations|plus de precisions|des precisions|la documentation|",
    "plus d informations|plus d infos|plus d information|davantage d informations|d avantage d informations|",
    "en savoir plus|plus de details|une documentation|votre documentation|de la documentation|une plaquette|",
    "votre plaquette|dites m en plus|votre presentation|",
    // Spanish
    "la informacion|algo de informacion|envieme la|mandeme la|el folleto|la presentacion|mas informacion|",
    "mas info|mas detalles|enviarme informacion|envieme informacion|enviame informacion|mandame informacion|",
    "mandeme informacion|saber mas|cuenteme mas|cuentame mas|conocer mas|un folleto|una presentacion|",
    // Italian
    "qualche informazione|delle informazioni|la brochure|la presentazione|materiale|maggiori informazioni|",
    "piu informazioni|ulteriori informazioni|piu info|piu dettagli|maggiori dettagli|saperne di piu|",
    "mi dica di piu|una brochure|mandarmi informazioni|inviarmi informazioni|materiale informativo|",
    "una presentazione|",
    // Dutch
    "wat info|info door|info toe|info sturen|informatie door|gegevens door|meer informatie|meer info|",
    "meer details|meer weten|vertel me meer|vertel mij meer|vertel meer|me informatie|mij informatie|",
    "ons informatie|stuur informatie|wat informatie|documentatie|een brochure|informatie toesturen|",
    "informatie sturen|",
    // Portuguese
    "mais informacoes|mais informacao|mais detalhes|saber mais|me conte mais|conte me mais|uma apresentacao|",
    "um folheto|enviar informacoes|envie informacoes|me mande mais|",
    // Polish
    "wiecej informacji|wiecej szczegolow|prosze o informacje|dodatkowe informacje|dodatkowych informacji|",
    "wiecej na ten temat|dowiedziec sie wiecej|materialy informacyjne|prosze o szczegoly|",
    // Swedish
    "mer information|mer info|mer detaljer|veta mer|beratta mer|hora mer|skicka information|skicka info|",
    // Danish
    "mere information|mere info|flere oplysninger|flere detaljer|hore mere|vide mere|fortael mere|",
    "send information|send noget information|",
    // Norwegian
    "mer informasjon|hore mer|vite mer|fortell mer|send informasjon|send litt informasjon|",
);

/// A question about prices.
pub(super) const PRICE: &str = concat!(
    // English
    "of the price|of the cost|idea of price|price per|the costs|a price|",
    "how much|what does it cost|what does this cost|what would it cost|what would this cost|",
    "what is the cost|what are the costs|what s the cost|whats the cost|what s the price|whats the price|",
    "what is the price|what is your price|what are your prices|your pricing|your prices|your rates|",
    "your fees|what do you charge|how do you charge|pricing|price list|pricelist|price range|a quote|",
    "ballpark|cost per|how expensive|",
    // German
    "um ein angebot|ein angebot machen|angebot zusenden|angebot zuschicken|",
    "das kostet|es kostet|sowas kostet|so etwas kostet|das ganze kostet|spass kostet|kosten wurde|",
    "kosten wurden|preisvorstellung|preislich|preis nennen|was kostet|was kosten|was wurde das kosten|",
    "was wurde es kosten|wie teuer|wie viel kostet|wieviel kostet|wie viel kosten|preise|preisliste|",
    "preisinformation*|welche kosten|welchen kosten|was verlangen sie|kostenvoranschlag|",
    "ein angebot schicken|ein angebot senden|angebot zukommen|ihre konditionen|preismodell|preisgestaltung|",
    "kostenpunkt|welchem preis|welcher preis|",
    // French
    "combien coute|combien ca coute|combien cela coute|combien couterait|quel est le prix|",
    "quels sont les prix|quel est le tarif|quels sont vos tarifs|quels sont les tarifs|vos tarifs|",
    "votre tarif|vos prix|un devis|grille tarifaire|quel tarif|quel prix|quel cout|quel est le cout|",
    "quel budget|",
    // Spanish
    "cuanto cuesta|cuanto cuestan|cuanto costaria|cuanto vale|cual es el precio|cual es el costo|",
    "cual es el coste|que precio|que coste|que costo|sus precios|los precios|sus tarifas|las tarifas|",
    "una cotizacion|un presupuesto|lista de precios|precios|tarifas|",
    // Italian
    "quanto costa|quanto costano|quanto costerebbe|qual e il prezzo|qual e il costo|quali sono i costi|",
    "quali sono i prezzi|vostri prezzi|un preventivo|listino|che prezzo|vostre tariffe|",
    // Dutch
    "wat kost|wat kosten|hoeveel kost|hoeveel kosten|wat is de prijs|wat zijn de kosten|welke kosten|",
    "prijslijst|prijzen|prijsopgave|een offerte|tarieven|prijsindicatie|",
    // Portuguese
    "quanto custa|quanto custam|quanto custaria|qual e o preco|qual o preco|qual o valor|qual e o valor|",
    "quais os valores|quais sao os precos|quais os precos|precos|um orcamento|uma cotacao|tabela de precos|",
    "qual o custo|qual e o custo|quanto fica|",
    // Polish
    "ile kosztuje|ile to kosztuje|ile kosztuja|jaka jest cena|jaka cena|jaki jest koszt|jaki koszt|",
    "jakie sa koszty|jakie koszty|jakie sa ceny|cennik*|o wycene|ile wynosi|",
    // Swedish
    "vad kostar|vad blir priset|vad ar priset|hur mycket kostar|prislista|prisuppgift|era priser|",
    "er prissattning|en offert|vad skulle det kosta|",
    // Danish
    "hvad koster|hvad er prisen|hvad vil det koste|hvor meget koster|prisliste|jeres priser|et tilbud|",
    "prisen pa|",
    // Norwegian
    "hva koster|hva er prisen|hva vil det koste|hvor mye koster|deres priser|pristilbud|",
);

/// Interest, and nothing more.
pub(super) const INTEREST: &str = concat!(
    // English
    "i am interested|i m interested|im interested|we are interested|we re interested|yes interested|",
    "yes , interested|very interested|would be interested|i d be interested|id be interested|",
    "we d be interested|definitely interested|am very interested|",
    // Other languages
    "bin interessiert|sind interessiert|ich habe interesse|wir haben interesse|grosses interesse|",
    "interesse besteht|hatte interesse|hatten interesse|je suis interesse*|nous sommes interesses|",
    "ca m interesse|cela m interesse|cela nous interesse|estoy interesad*|estamos interesad*|me interesa|",
    "nos interesa|sono interessat*|siamo interessat*|mi interessa|ci interessa|ik ben geinteresseerd|",
    "zijn geinteresseerd|ik heb interesse|hebben interesse|tenho interesse|temos interesse|",
    "estou interessad*|estamos interessad*|jestem zainteresowan*|jestesmy zainteresowani|jag ar intresserad|",
    "vi ar intresserade|jeg er interesseret|vi er interesserede|vi er interesseret|jeg er interessert|",
    "vi er interessert*|",
);

/// What questions about the product hold; they count in a question only.
pub(super) const QUESTION: &str = concat!(
    // English
    "does it|does the|do they|would it|would that|will it|can the|can we|how do|how does|is there|are there|",
    "which|what happens|what about|how long|how many|how would|does it integrate|do you integrate|",
    "does it support|do you support|does it work with|does this work|do you work with|how does it work|",
    "how does this work|how does your|how would it work|how would this work|what does your|",
    "what exactly do you|what exactly does|is it compatible|can it|do you offer|do you provide|",
    "which countries|what languages|does your|is your software|is your solution|is your product|",
    "is your tool|is your platform|how are you different|what makes you different|how do you differ|",
    "gdpr compliant|where is the data|where is our data|where are your servers|have an api|",
    "do you have references|is there an api|is there a trial|free trial|can your|",
    // German
    "wie lange|wie viele|funktioniert das|geht das|kann man|kann das|konnen wir|konnen unsere|konnen die|",
    "lauft das|was passiert|wie ist|wie sieht|ist das|sind die|wie funktioniert|unterstutzen sie|",
    "unterstutzt ihr|unterstutzt ihre|bieten sie auch|bieten sie|kann ihr|kann ihre|lasst sich ihr|",
    "lasst sich das|integrieren|integration|schnittstelle*|dsgvo konform|wo liegen|wo werden die daten|",
    "was genau|wie unterscheide*|welche sprachen|welche systeme|testversion|gibt es eine|",
    // Other languages
    "est ce que|peut on|comment se|combien de temps|puo|possono|e possibile|funziona|come si|es posible|",
    "se puede|pueden|funciona|kan het|kan dat|werkt|kunnen onze|e possivel|pode se|funcionam|czy mozna|",
    "czy da sie|czy system|gar det att|kan man|kan det|comment fonctionne|comment ca fonctionne|",
    "comment cela fonctionne|comment ca marche|votre solution|votre outil|votre logiciel|proposez vous|",
    "est il compatible|est elle compatible|s integre|compatible avec|conforme au rgpd|como funciona|",
    "se integra|es compatible|ofrecen|su solucion|su herramienta|su producto|en que consiste|come funziona|",
    "si integra|e compatibile|offrite|vostra soluzione|vostro prodotto|in cosa consiste|hoe werkt|",
    "ondersteunen jullie|ondersteunt u|bieden jullie|biedt u|integreert|is het mogelijk|e compativel|",
    "oferecem|sua solucao|em que consiste|jak dziala|jak to dziala|czy oferujecie|czy wspieracie|",
    "czy integruje|czy panstwa|czy wasze|hur fungerar|stodjer ni|erbjuder ni|fungerar det med|",
    "hvordan virker|hvordan fungerer|understotter i|tilbyder i|virker det med|stotter dere|tilbyr dere|",
    "fungerer det med|",
);

/// Days near ahead.
pub(super) const DAY: &str = concat!(
    "monday|tuesday|wednesday|thursday|friday|mon|tue|tues|wed|thu|thurs|fri|tomorrow|next week|this week|",
    "montag|dienstag|mittwoch|donnerstag|freitag|morgen|nachste woche|nachster woche|lundi|mardi|mercredi|",
    "jeudi|vendredi|demain|semaine prochaine|lunes|martes|miercoles|jueves|viernes|manana|proxima semana|",
    "semana que viene|lunedi|martedi|mercoledi|giovedi|venerdi|domani|prossima settimana|maandag|dinsdag|",
    "woensdag|donderdag|vrijdag|volgende week|segunda|terca|quarta|quinta|sexta|amanha|poniedzialek|wtorek|",
    "sroda|srode|czwartek|piatek|jutro|przyszlym tygodniu|mandag|tirsdag|onsdag|torsdag|fredag|i morgen|",
    "naeste uge|neste uke|tisdag|imorgon|nasta vecka|",
);

/// What says that a day suits, in one sentence with [`DAY`].
pub(super) const FITS: &str = concat!(
    "works|work for|i m free|im free|i am free|we are free|i am available|i m available|im available|",
    "we are available|suits|how about|what about|would work|that work|could do|can do|let s do|lets do|",
    "free on|available on|passt|passen|wurde passen|ginge|hatte ich zeit|habe ich zeit|konnte ich|wie ware|",
    "wie waere|bin ich verfugbar|verfugbar|me convient|nous convient|suis disponible|suis libre|",
    "seriez vous disponible|vous convient|conviendrait|me viene bien|me va bien|estoy disponible|",
    "estoy libre|le parece|que tal|me queda bien|mi va bene|va bene|sono disponibile|sono libero|",
    "sono libera|che ne dice|schikt|komt uit|komt mij|ben ik beschikbaar|kan ik|komt goed uit|",
    "estou disponivel|estou livre|pode ser|fica bem|pasuje|jestem dostepn*|odpowiada mi|moze byc|proponuje|",
    "passar|funkar|ar jag ledig|passer|er jeg ledig|funker|",
);
