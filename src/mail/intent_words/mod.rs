//! What a reply means, by its words; nothing where they are not clear.
//!
//! Whole phrases of a person's words are signs; the signs of all sentences together are read. What contradicts itself means nothing
//! here and waits for a person. Some readings that could be had either way:
//!
//! - A refusal with a time to come back is [`Intent::ObjectionTiming`]: it is an invitation. "No need at the moment" without one is
//!   [`Intent::NotInterestedTiming`].
//! - A refusal outweighs its reasons: "we already use something, not interested" is [`Intent::NotInterested`]; "no need, we already
//!   use something" is [`Intent::ObjectionHasSolution`].
//! - "I am not the right person" is [`Intent::NotInterested`]; with a hint who is, a person has to read it.
//! - Of several wishes the one nearest to a deal counts: to talk, then the price, then information, then a question.

mod objections;
mod wishes;

#[cfg(test)]
mod tests;

use super::visible::folded::{Finder, Folded, Hit, Sentence, listed, words_between};
use crate::domain::intent::Intent;
use std::sync::LazyLock;

/// What a phrase is a sign of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Talk,
    Info,
    Price,
    Interest,
    Question,
    Day,
    Fits,
    TooExpensive,
    NotNow,
    Present,
    Invitation,
    Later,
    Maybe,
    HasSolution,
    Refusal,
    NoNeed,
    WrongPerson,
    Referral,
    Not,
}

const PHRASES: &[(Sign, &str)] = &[
    (Sign::Talk, wishes::TALK),
    (Sign::Info, wishes::INFO),
    (Sign::Price, wishes::PRICE),
    (Sign::Interest, wishes::INTEREST),
    (Sign::Question, wishes::QUESTION),
    (Sign::Day, wishes::DAY),
    (Sign::Fits, wishes::FITS),
    (Sign::TooExpensive, objections::TOO_EXPENSIVE),
    (Sign::NotNow, objections::NOT_NOW),
    (Sign::Present, objections::PRESENT),
    (Sign::Invitation, objections::INVITATION),
    (Sign::Later, objections::LATER),
    (Sign::Maybe, objections::MAYBE),
    (Sign::HasSolution, objections::HAS_SOLUTION),
    (Sign::Refusal, objections::REFUSAL),
    (Sign::NoNeed, objections::NO_NEED),
    (Sign::WrongPerson, objections::WRONG_PERSON),
    (Sign::Referral, objections::REFERRAL),
    (Sign::Not, objections::NOT),
];

static SIGNS: LazyLock<Finder<Sign>> = LazyLock::new(|| {
    Finder::of(PHRASES.iter().flat_map(|(sign, phrases)| listed(phrases).map(move |phrase| (*sign, phrase))))
});

/// Sentences that are looked at: what a person wants of us stands near the top.
const SENTENCES_MAX: usize = 40;

/// The intent of a visible text, folded.
pub(in crate::mail) fn of(words: &Folded) -> Option<Intent> {
    let mut signs = Signs::default();
    for sentence in words.sentences().take(SENTENCES_MAX) {
        signs.read(sentence);
    }
    signs.intent()
}

/// The signs of a text.
#[derive(Debug, Default)]
struct Signs {
    talk: bool,
    info: bool,
    price: bool,
    interest: bool,
    question: bool,
    too_expensive: bool,
    not_now: bool,
    present: bool,
    invitation: bool,
    later: bool,
    has_solution: bool,
    refusal: bool,
    no_need: bool,
    wrong_person: bool,
    referral: bool,
}

impl Signs {
    fn read(&mut self, sentence: Sentence<'_>) {
        const HITS_MAX: usize = 64;
        let hits: Vec<Hit<Sign>> = SIGNS.hits(sentence.text).take(HITS_MAX).collect();
        let is_in_refusal = |hit: &Hit<Sign>| {
            let covers = |other: &&Hit<Sign>| {
                matches!(other.tag, Sign::Refusal | Sign::NoNeed) && other.start <= hit.start && other.end >= hit.end
            };
            hits.iter().any(|other| covers(&other))
        };
        let is_wished = |hit: &Hit<Sign>| !is_negated(sentence.text, &hits, hit) && !is_in_refusal(hit);
        for hit in &hits {
            match hit.tag {
                Sign::Talk => self.talk |= is_wished(hit),
                Sign::Info => self.info |= is_wished(hit),
                Sign::Price => self.price |= is_wished(hit),
                Sign::Interest => self.interest |= is_wished(hit) && !sentence.is_question,
                Sign::Question => self.question |= sentence.is_question,
                Sign::Fits => {
                    let has_day = hits.iter().any(|other| other.tag == Sign::Day);
                    self.talk |= has_day && is_wished(hit);
                }
                Sign::TooExpensive => self.too_expensive = true,
                Sign::NotNow => self.not_now = true,
                Sign::Present => {
                    self.present = true;
                    self.not_now |= is_beside_not(sentence.text, &hits, hit);
                }
                Sign::Invitation => self.invitation |= !is_negated(sentence.text, &hits, hit),
                Sign::Later => {
                    self.later = true;
                    self.invitation |= hits.iter().any(|other| other.tag == Sign::Maybe);
                }
                Sign::HasSolution => self.has_solution = true,
                Sign::Refusal => self.refusal = true,
                Sign::NoNeed => self.no_need = true,
                Sign::WrongPerson => self.wrong_person = true,
                Sign::Referral => self.referral = true,
                Sign::Day | Sign::Maybe | Sign::Not => {}
            }
        }
    }

    const fn wishes(&self) -> bool {
        self.talk || self.info || self.price || self.interest
    }

    const fn intent(&self) -> Option<Intent> {
        if self.wrong_person {
            let is_plain = !self.referral && !self.wishes() && !self.invitation;
            return if is_plain { Some(Intent::NotInterested) } else { None };
        }
        // "We have a system, so there is no need": the reason counts.
        let is_for_a_reason = self.has_solution && !self.refusal;
        if self.refusal || self.no_need && !is_for_a_reason {
            return self.refused();
        }
        if is_for_a_reason && !self.invitation && !self.not_now_with_a_time() {
            return if self.wishes() || self.question { None } else { Some(Intent::ObjectionHasSolution) };
        }
        if self.invitation || self.not_now {
            return self.not_now();
        }
        if self.too_expensive {
            return if self.talk || self.info || self.interest { None } else { Some(Intent::ObjectionPrice) };
        }
        self.wished()
    }

    const fn not_now_with_a_time(&self) -> bool {
        self.not_now && self.later
    }

    /// A refusal is clear unless something is wished as well.
    const fn refused(&self) -> Option<Intent> {
        if self.wishes() {
            None
        } else if self.later || self.invitation {
            Some(Intent::ObjectionTiming)
        } else if self.not_now || self.present {
            Some(Intent::NotInterestedTiming)
        } else {
            Some(Intent::NotInterested)
        }
    }

    /// "Let's talk in May" may be a wish or a way out; "not now, let's talk in May" is an invitation.
    const fn not_now(&self) -> Option<Intent> {
        if self.info || self.price || self.interest || self.question {
            None
        } else if self.not_now && (self.invitation || self.later) {
            Some(Intent::ObjectionTiming)
        } else if self.talk {
            None
        } else if self.invitation {
            Some(Intent::ObjectionTiming)
        } else {
            Some(Intent::NotInterestedTiming)
        }
    }

    const fn wished(&self) -> Option<Intent> {
        if self.talk {
            // "Let's talk next year."
            if self.later { None } else { Some(Intent::InterestedReadyToTalk) }
        } else if self.price {
            Some(Intent::PricingQuestion)
        } else if self.info || self.interest {
            Some(Intent::InterestedWantsInfo)
        } else if self.question {
            Some(Intent::QuestionAboutProduct)
        } else {
            None
        }
    }
}

/// "No need for a call", "for more information see our site": a word shortly before takes the wish away.
fn is_negated(text: &str, hits: &[Hit<Sign>], hit: &Hit<Sign>) -> bool {
    const WORDS: usize = 2;
    hits.iter().filter(|other| other.tag == Sign::Not && other.end <= hit.start).any(|not| {
        let between = text.get(not.end..hit.start).unwrap_or_default();
        !between.contains(',') && words_between(text, not.end, hit.start) <= WORDS
    })
}

/// "Not at present", "at present not".
fn is_beside_not(text: &str, hits: &[Hit<Sign>], hit: &Hit<Sign>) -> bool {
    const WORDS: usize = 1;
    hits.iter().filter(|other| other.tag == Sign::Not).any(|not| {
        let (from, to) = if not.end <= hit.start { (not.end, hit.start) } else { (hit.end, not.start) };
        from <= to && words_between(text, from, to) <= WORDS
    })
}
