//! When the cues of one language in one sentence make an opt-out.

use super::cues::Cue;
use super::near::{Cues, span};
use crate::mail::visible::folded::{Hit, words_between};

impl<'a> Cues<'a> {
    /// The words that are one.
    pub(super) fn opt_out(&self) -> Option<&'a str> {
        if self.has(Cue::Undo) || self.asks_about_a_product() || self.tells_how() {
            return None;
        }
        let span = self
            .phrase()
            .or_else(|| self.unsubscribe())
            .or_else(|| self.remove())
            .or_else(|| self.take_off())
            .or_else(|| self.stop())
            .or_else(|| self.not_contact())
            .or_else(|| self.not_want())
            .or_else(|| self.no_mails())
            .or_else(|| self.law())?;
        self.sentence.text.get(span.0..span.1)
    }

    /// "Does your tool handle unsubscribes?", "How do you delete our data?"
    fn asks_about_a_product(&self) -> bool {
        const ASKING: &[&str] = &[
            " do i need to ",
            " do i have to ",
            " do we need to ",
            " do we have to ",
            " does your ",
            " do your ",
            " do you delete ",
            " do you remove ",
            " how do you ",
            " can your ",
            " does it ",
            " is it possible for ",
            " wie gehen sie ",
            " wie handhaben ",
            " kann ihr tool ",
            " kann ihre software ",
            " konnen ihre ",
            " votre outil ",
            " votre solution ",
            " su herramienta ",
            " vuestra herramienta ",
            " il vostro strumento ",
            " jullie tool ",
            " sua ferramenta ",
            " wasze narzedzie ",
        ];
        self.sentence.is_question && ASKING.iter().any(|asking| self.sentence.text.contains(asking))
    }

    /// "To unsubscribe send an email to …": a footer of theirs, or of the list through which they wrote.
    fn tells_how(&self) -> bool {
        const TELLING: &[&str] = &[
            "to unsubscribe ",
            "to opt out ",
            "to be removed ",
            "to stop receiving ",
            "you can unsubscribe ",
            "you may unsubscribe ",
            "if you wish to unsubscribe ",
            "if you would like to unsubscribe ",
            "if you want to unsubscribe ",
            "if you no longer wish to receive ",
            "if you do not wish to receive ",
            "um sich abzumelden ",
            "zum abmelden ",
            "pour vous desabonner ",
            "pour vous desinscrire ",
            "para darse de baja ",
            "para cancelar su suscripcion ",
            "per disiscriversi ",
            "om u af te melden ",
            "om je af te melden ",
        ];
        // Wherever it stands: nobody tells us how.
        const HOW: &[&str] = &[
            " to unsubscribe send ",
            " to unsubscribe click ",
            " to unsubscribe visit ",
            " to unsubscribe use ",
            " to unsubscribe from this group ",
        ];
        let text = self.sentence.text;
        TELLING.iter().any(|telling| text.trim_start().starts_with(telling)) || HOW.iter().any(|how| text.contains(how))
    }

    /// A phrase says it as it stands; only "not" directly before turns it round.
    fn phrase(&self) -> Option<(usize, usize)> {
        let is_turned = |hit: &Hit<Cue>| {
            let directly =
                |not: &Hit<Cue>| not.end < hit.start && words_between(self.sentence.text, not.end, hit.start) <= 1;
            self.all(Cue::Not).any(|not| directly(not) && !self.is_condition(not))
        };
        // "If you want to be removed": somebody else's wish.
        let is_wish_of_others = |hit: &Hit<Cue>| {
            let (before, from) = self.sentence.text.split_at_checked(hit.start).unwrap_or_default();
            let begins = ["want", "wish", "like", "prefer", "never", "no longer", "did not"]
                .iter()
                .any(|wish| from.starts_with(wish));
            begins
                && before
                    .split_whitespace()
                    .next_back()
                    .is_some_and(|word| ["you", "they", "he", "she"].contains(&word))
        };
        let is_about_others = |hit: &Hit<Cue>| self.sentence.is_question && self.is_near(hit, Cue::Third, 3);
        let is_about_a_time = |hit: &Hit<Cue>| {
            let says_contact =
                self.all(Cue::Contact).any(|contact| contact.start >= hit.start && contact.start <= hit.end);
            says_contact && (self.has(Cue::Until) || self.has(Cue::Hesitate))
        };
        let found = self
            .all(Cue::Phrase)
            .find(|hit| !is_turned(hit) && !is_wish_of_others(hit) && !is_about_others(hit) && !is_about_a_time(hit));
        found.map(|hit| (hit.start, hit.end))
    }

    fn unsubscribe(&self) -> Option<(usize, usize)> {
        let is_meant = |hit: &&Hit<Cue>| {
            let is_asked = !self.sentence.is_question || self.is_said_of_oneself(hit);
            is_asked
                && !self.is_negated_far(hit)
                && !self.is_near(hit, Cue::Third, 3)
                && !self.is_near(hit, Cue::Feature, 2)
        };
        self.all(Cue::Unsubscribe).find(is_meant).map(|hit| (hit.start, hit.end))
    }

    /// "How do I unsubscribe?" asks for it; "does the opt-out reach our system?" asks about a product.
    fn is_said_of_oneself(&self, hit: &Hit<Cue>) -> bool {
        const WORDS: usize = 5;
        const ONESELF: &[&str] = &[
            "i", "me", "us", "my", "please", "to", "you", "we", "ich", "mich", "uns", "wir", "bitte", "je", "m", "moi",
            "nous", "svp", "yo", "mi", "io", "ik", "mij", "ons", "eu", "ja", "mnie", "jag", "mig", "jeg", "meg",
            "prosze", "zich",
        ];
        let (before, from) = self.sentence.text.split_at_checked(hit.start).unwrap_or_default();
        let after = from.split_whitespace().skip(1).take(2);
        let near = before.split_whitespace().rev().take(WORDS).chain(after).any(|word| ONESELF.contains(&word));
        near || self.sentence.text.split_whitespace().count() <= 3
    }

    fn remove(&self) -> Option<(usize, usize)> {
        if self.has(Cue::Third) && self.sentence.is_question {
            return None;
        }
        let me = self.pair(Cue::Remove, Cue::Me, self.words_max(2, 4));
        me.or_else(|| self.pair(Cue::Remove, Cue::List, 8))
    }

    fn take_off(&self) -> Option<(usize, usize)> {
        self.triple(Cue::Take, Cue::Me, Cue::Off, 8)
    }

    fn stop(&self) -> Option<(usize, usize)> {
        let before = |hit: &Hit<Cue>| self.sentence.text.get(..hit.start).unwrap_or_default();
        let is_own = |span: &(usize, usize)| {
            let before = self.all(Cue::Stop).find(|stop| stop.start == span.0).map(before).unwrap_or_default();
            // "We stop sending mails": about the person's own doings.
            [
                "we",
                "to help us",
                "how to",
                "we to",
                "can we",
                "wir",
                "nous",
                "wij",
                "vi",
                "we will",
                "we had to",
                "i",
                "cant",
                "dont",
            ]
            .iter()
            .any(|own| {
                before
                    .strip_suffix(' ')
                    .and_then(|before| before.strip_suffix(own))
                    .is_some_and(|before| before.ends_with(' '))
            })
        };
        self.pair(Cue::Stop, Cue::Sending, self.words_max(3, 6)).filter(|span| !is_own(span))
    }

    fn not_contact(&self) -> Option<(usize, usize)> {
        const WORDS: usize = 9;
        if self.has(Cue::Hesitate) || self.has(Cue::Until) {
            return None;
        }
        // In languages with their verb beside the negation, "not" and "contact" stand close.
        let near = |not: &Hit<Cue>, contact: &Hit<Cue>| {
            let is_in_order = self.is_free_order || not.end <= contact.start;
            let (start, end) = span(&[not, contact]);
            let is_one_clause = self.sentence.text.get(start..end).is_some_and(|text| !text.contains(','));
            is_in_order && is_one_clause && self.distance(not, contact) <= self.words_max(2, 4)
        };
        let pairs = self.all(Cue::Not).flat_map(|not| {
            self.all(Cue::Contact).filter(move |contact| near(not, contact)).map(move |contact| (not, contact))
        });
        pairs.into_iter().find_map(|(not, contact)| {
            if (self.names_its_object(contact) || self.is_all_of_it(not, contact)) && !self.is_told_of_the_past(not) {
                return Some(span(&[not, contact]));
            }
            let third = self.hits.iter().find(|hit| {
                let (start, end) = span(&[not, contact, hit]);
                let is_me = hit.tag == Cue::Me && (self.is_free_order || hit.start >= contact.end);
                // "Could you not send me some more?"
                let asks_for_more = self.sentence.is_question
                    && self.sentence.text.get(hit.start..hit.end).is_some_and(|word| word.starts_with("weiter"));
                let is_object = hit.tag == Cue::Again && !asks_for_more || is_me && self.distance(contact, hit) <= 1;
                is_object && words_between(self.sentence.text, start, end) <= WORDS
            })?;
            (!self.is_told_of_the_past(not)).then(|| span(&[not, contact, third]))
        })
    }

    /// "Please do not follow up.": an order without an object.
    fn is_all_of_it(&self, not: &Hit<Cue>, contact: &Hit<Cue>) -> bool {
        let before = self.sentence.text.get(..not.start).unwrap_or_default();
        let after = self.sentence.text.get(contact.end..).unwrap_or_default();
        let begins = before
            .split_whitespace()
            .next_back()
            .is_none_or(|word| ["please", "pls", "and", "so", "kindly", "bitte"].contains(&word));
        begins
            && !self.sentence.is_question
            && after
                .split_whitespace()
                .all(|word| ["please", "thanks", "bitte", "danke", "thank", "you", ","].contains(&word))
    }

    /// "Send me emails" needs no further word after "not".
    fn names_its_object(&self, contact: &Hit<Cue>) -> bool {
        let words = self.sentence.text.get(contact.start..contact.end).unwrap_or_default();
        words.starts_with("send ") && (words.contains("email") || words.contains("mail") || words.contains("spam"))
    }

    /// "You did not contact me", "I could not email you again".
    fn is_told_of_the_past(&self, not: &Hit<Cue>) -> bool {
        const PAST: &[&str] = &[
            "did", "have", "has", "had", "could", "was", "were", "i", "we", "they", "he", "she", "cannot", "can",
            "would", "why", "habe", "haben", "hatte", "hat", "konnte", "kann", "ich", "wir", "je", "j", "nous", "jag",
            "jeg", "ik", "har", "heb", "kan", "kunde", "kunne", "ho", "abbiamo", "pude", "he", "consegui", "io", "yo",
            "eu", "warum", "why", "avete", "han", "ha",
        ];
        let before = self.sentence.text.get(..not.start).unwrap_or_default();
        let last = before.split_whitespace().next_back().unwrap_or_default();
        PAST.contains(&last)
    }

    fn not_want(&self) -> Option<(usize, usize)> {
        if self.has(Cue::Hesitate) || self.has(Cue::Until) {
            return None;
        }
        let negations = self.all(Cue::Not).chain(self.all(Cue::No));
        let mut wishes = negations.flat_map(|not| {
            let near = move |want: &&Hit<Cue>| self.distance(not, want) <= self.words_max(2, 4);
            self.all(Cue::Want).filter(near).map(move |want| (not, want))
        });
        wishes.find_map(|(not, want)| {
            let receive = self.all(Cue::Receive).find(|receive| self.distance(want, receive) <= self.words_max(4, 6));
            // "I don't want more mail."
            let mails = || self.all(Cue::Mails).find(|mails| self.has(Cue::Again) && self.distance(want, mails) <= 1);
            receive.or_else(mails).map(|object| span(&[not, want, object]))
        })
    }

    fn no_mails(&self) -> Option<(usize, usize)> {
        if self.has(Cue::Until) {
            return None;
        }
        let more = self.pair(Cue::NoMore, Cue::Mails, 2);
        more.or_else(|| {
            let is_told = self.sentence.text.contains(" habe ")
                || self.sentence.text.contains(" haben ")
                || self.sentence.text.contains(" heb ");
            let is_wished = self.has(Cue::Again) || self.has(Cue::Want) || self.has(Cue::Contact);
            (is_wished && !is_told).then(|| self.pair(Cue::No, Cue::Mails, 2)).flatten()
        })
    }

    fn law(&self) -> Option<(usize, usize)> {
        if self.sentence.is_question {
            return None;
        }
        self.all(Cue::Law).find_map(|law| {
            let claim = self.all(Cue::Claim).find(|claim| claim.start >= law.end || law.start >= claim.end)?;
            Some(span(&[law, claim]))
        })
    }
}
