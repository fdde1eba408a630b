//! The conversations of a large organization.
use std::iter;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Size, moment, of};
use crate::seed::dice::{Dice, Ids};
use crate::seed::rows::{Conversation, Message};
use crate::seed::tenant::Tenant;

/// What messages are made of.
const SENTENCES: &[&str] = &[
    "The forecast of the quarter moved by two percent since last week, mostly in Europe. ",
    "Please compare the two versions of the budget and name the largest differences. ",
    "Three deals have been in negotiation for more than a month; their owners were asked for a date. ",
    "The control was tested with a sample of twenty-five; one exception was found and explained. ",
    "Travel is below plan, contractors are above it, and the sum is as expected. ",
    "A renewal of this size needs the approval of finance before the offer is sent. ",
    "The audit trail shows who changed the amount, when, and on whose request. ",
    "If the signature slips into the next month, the target of the region is missed by seven percent. ",
    "The evidence is complete, so that the assessment can begin on Monday. ",
    "Costs per head are stable once one-off projects are left out. ",
];

/// The conversations of one organization: so regular that their messages need not be kept.
pub(super) struct Talk {
    pub(super) organization: Uuid,
    pub(super) people: Vec<Uuid>,
    pub(super) size: Size,
    pub(super) until: DateTime<Utc>,
    pub(super) slug: String,
}

impl Talk {
    /// How many messages a conversation has: the first ones have one more when they do not divide evenly.
    fn length(&self, conversation: usize) -> usize {
        let even = self.size.messages / self.size.conversations;
        even + usize::from(conversation < self.size.messages % self.size.conversations)
    }

    /// When a message was written: conversations follow each other, messages too.
    fn at(&self, conversation: usize, place: usize) -> DateTime<Utc> {
        let begun = moment(self.until, conversation, self.size.conversations);
        let next = moment(self.until, conversation + 1, self.size.conversations);
        let part = i32::try_from(place).unwrap_or_default();
        begun + (next - begun) / i32::try_from(self.length(conversation).max(1)).unwrap_or(1) * part
    }

    /// Ids of conversations, by themselves so that messages find them again.
    fn ids(&self) -> impl Iterator<Item = Uuid> + use<'_> {
        let mut ids = Ids::named(&format!("{} conversations", self.slug));
        (0..self.size.conversations).map(move |conversation| ids.at(self.at(conversation, 0)))
    }

    pub(super) fn add_conversations(&self, tenant: &mut Tenant) {
        for (conversation, id) in self.ids().enumerate() {
            let count = self.length(conversation);
            let answers = i64::try_from(count / 2).unwrap_or_default();
            let created_at = self.at(conversation, 0);
            tenant.conversations.push(Conversation {
                organization_id: self.organization,
                id,
                user_id: of(&self.people, conversation),
                title: format!("Conversation {:06}", conversation + 1),
                description: None,
                conversation_type: "chat",
                status: "active",
                message_count: i32::try_from(count).unwrap_or_default(),
                total_tokens: answers * i64::from(PROMPT + COMPLETION),
                total_cost: price() * Decimal::from(answers),
                last_message_at: count.checked_sub(1).map(|last| self.at(conversation, last)),
                created_at,
                updated_at: created_at,
                archived_at: None,
            });
        }
    }

    pub(super) fn messages(self) -> impl Iterator<Item = Message> {
        let mut ids = Ids::named(&format!("{} messages", self.slug));
        let mut dice = Dice::named(&self.slug);
        let mut conversations = self.ids().collect::<Vec<_>>().into_iter().enumerate();
        let mut now = conversations.next();
        let mut place = 0;
        iter::from_fn(move || {
            while now.is_some_and(|(conversation, _)| place >= self.length(conversation)) {
                now = conversations.next();
                place = 0;
            }
            let (conversation, conversation_id) = now?;
            let at = self.at(conversation, place);
            let answer = place % 2 == 1;
            place += 1;
            let content: String = (0..5).map(|_| dice.pick(SENTENCES)).collect();
            Some(Message {
                organization_id: self.organization,
                id: ids.at(at),
                conversation_id,
                seq: i64::try_from(place).unwrap_or_default(),
                role: if answer { "assistant" } else { "user" },
                content,
                author_id: (!answer).then(|| of(&self.people, conversation)),
                model_version: answer.then_some("gpt-4o"),
                prompt_tokens: if answer { PROMPT } else { 0 },
                completion_tokens: if answer { COMPLETION } else { 0 },
                total_tokens: if answer { PROMPT + COMPLETION } else { 0 },
                estimated_cost: if answer { price() } else { Decimal::ZERO },
                latency_ms: answer.then_some(1_250),
                processing_started_at: None,
                processing_completed_at: None,
                created_at: at,
            })
        })
    }
}

/// Tokens of each answer.
const PROMPT: i32 = 400;
const COMPLETION: i32 = 100;

fn price() -> Decimal {
    Decimal::new(20_000, 7)
}
