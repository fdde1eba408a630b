//! Conversations of the demo: people ask, the assistant answers.
mod compliance;
mod finance;
mod nimbus;
mod sales;

use chrono::Duration;
use rust_decimal::Decimal;

pub(super) use self::nimbus::NIMBUS;
use super::{Calendar, Team};
use crate::seed::rows::{Conversation, Message};
use crate::seed::tenant::Tenant;

/// A conversation: whose, how many days ago, and what was said. The owner begins, the assistant answers, in turns.
pub(super) struct Talk {
    owner: &'static str,
    days: i64,
    kind: &'static str,
    status: &'static str,
    title: &'static str,
    turns: &'static [&'static str],
}

macro_rules! talks {
    ($($owner:literal $days:literal $kind:literal $status:literal, $title:literal: [$($turn:literal),* $(,)?];)*) => {
        &[$($crate::seed::demo::talks::Talk {
            owner: $owner, days: $days, kind: $kind, status: $status, title: $title, turns: &[$($turn),*],
        }),*]
    };
}
use talks;

pub(super) const AETHER: &[&[Talk]] = &[finance::TALKS, sales::TALKS, compliance::TALKS];

/// Adds the conversations with their sums, and gives their messages.
pub(super) fn add(tenant: &mut Tenant, team: &Team, calendar: &Calendar, talks: &[&[Talk]]) -> Vec<Message> {
    let mut talks: Vec<&Talk> = talks.iter().copied().flatten().collect();
    talks.sort_by_key(|talk| std::cmp::Reverse(talk.days));
    let mut messages = Vec::new();
    for (number, talk) in (0..).zip(talks) {
        let begun = calendar.at(talk.days, 9 + number % 8, number * 13 % 60);
        let id = tenant.ids.at(begun);
        let owner = team.of(talk.owner);
        let (mut at, mut tokens, mut cost, mut asked) = (begun, 0, Decimal::ZERO, 0);
        for (seq, content) in (1_i64..).zip(talk.turns) {
            at += Duration::seconds(40 + i64::from(length(content)) % 95);
            let from_person = seq % 2 == 1;
            // About four letters are a token; an answer is paid for with what was asked before.
            let own = 1 + length(content) / 4;
            let (prompt, completion) = if from_person { (0, 0) } else { (asked + 320, own) };
            asked += own;
            let price = Decimal::new(i64::from(prompt) * 25 + i64::from(completion) * 100, 7);
            let latency = 600 + completion * 9;
            messages.push(Message {
                organization_id: tenant.id,
                id: tenant.ids.at(at),
                conversation_id: id,
                seq,
                role: if from_person { "user" } else { "assistant" },
                content: (*content).to_owned(),
                author_id: from_person.then_some(owner),
                model_version: (!from_person).then_some("gpt-4o"),
                prompt_tokens: prompt,
                completion_tokens: completion,
                total_tokens: prompt + completion,
                estimated_cost: price,
                latency_ms: (!from_person).then_some(latency),
                processing_started_at: (!from_person)
                    .then(|| at - Duration::milliseconds(i64::from(latency))),
                processing_completed_at: (!from_person).then_some(at),
                created_at: at,
            });
            tokens += i64::from(prompt + completion);
            cost += price;
        }
        let archived_at = (talk.status == "archived").then(|| calendar.in_the_past(at + Duration::days(20)));
        tenant.conversations.push(Conversation {
            organization_id: tenant.id,
            id,
            user_id: owner,
            title: talk.title.to_owned(),
            description: None,
            conversation_type: talk.kind,
            status: talk.status,
            message_count: i32::try_from(talk.turns.len()).unwrap_or_default(),
            total_tokens: tokens,
            total_cost: cost,
            last_message_at: Some(at),
            created_at: begun,
            updated_at: archived_at.unwrap_or(begun),
            archived_at,
        });
    }
    messages
}

fn length(content: &str) -> i32 {
    i32::try_from(content.chars().count()).unwrap_or_default()
}
