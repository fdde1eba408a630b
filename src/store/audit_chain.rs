//! The audit log as a chain: each entry of an organization is sealed with a number and a hash over itself and the
//! entry before, so that whoever changes, removes or moves one breaks the chain from there on (A13a).
//!
//! Sealing happens after the commit, outside of the writing transaction. A pass gives out the numbers of all that is
//! committed by then, so what commits later stands later, and no running transaction holds the others up. Within a
//! pass the order is that of the transactions: one that began after another had committed never precedes it.
use aws_lc_rs::digest;
use diesel::{
    QueryableByName,
    result::OptionalExtension,
    sql_query,
    sql_types::{BigInt, Bool, Bytea, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    door::{Door, Work},
    error::Result,
    prepared::Prepared,
    select::{Bind, PLATFORM},
    value::Hash,
};

/// How many entries a transaction seals, or reads to check them.
pub const BATCH: usize = 2_000;

/// The last entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Link {
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Bytea)]
    pub hash: Hash,
}

/// An organization with entries that are not sealed yet, and the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Due {
    #[diesel(sql_type = SqlUuid)]
    pub organization: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub from: Uuid,
}

impl Due {
    /// Whatever there is.
    pub const fn all(organization: Uuid) -> Self {
        Self { organization, from: Uuid::nil() }
    }
}

/// The organizations with entries that are not sealed yet.
pub async fn due(door: &Door) -> Result<Vec<Due>> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    // an id begins with the time, and PostgreSQL has no least uuid
    let due = "SELECT organization_id AS organization, min(id::text)::uuid AS \"from\"
                 FROM audit.audit_logs WHERE seq IS NULL GROUP BY organization_id";
    let due = Prepared::new(due, []).load(&mut *work).await?;
    work.commit().await?;
    Ok(due)
}

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealing {
    pub count: usize,
    /// Where the chain ended before, if it had begun.
    pub before: Option<Link>,
    /// Where it ends now.
    pub end: Link,
}

/// Seals up to a batch of entries of one organization. Nothing while another server seals the same chain, since two at
/// once would fork it.
pub async fn seal(door: &Door, due: Due) -> Result<Option<Sealing>> {
    let organization = Bind::Uuid(due.organization);
    let mut work = door.work().await?;
    work.enter(due.organization).await?;
    let lock = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit chain ' || $::text, 0)) AS yes";
    let locked: Answer = Prepared::new(lock, [organization.clone()]).get_result(&mut *work).await?;
    if !locked.yes {
        work.commit().await?;
        return Ok(None);
    }
    // each a statement of its own after the lock: they see what the holder before has committed
    let before = last(&mut work, due.organization).await?;
    let mut end = before.clone();
    // only partitions from the first entry on are looked at
    let entries = [organization.clone(), Bind::Uuid(due.from)];
    let entries: Vec<Unsealed> = Prepared::new(UNSEALED, entries).load(&mut *work).await?;
    let (mut ids, mut seqs, mut prev_hashes, mut hashes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in &entries {
        let link = next(end.as_ref(), &entry.content);
        ids.push(entry.id);
        seqs.push(link.seq);
        prev_hashes.push(end.map(|end| end.hash));
        hashes.push(Some(link.hash.clone()));
        end = Some(link);
    }
    let (Some(end), Some(first), Some(latest)) = (end, ids.iter().min(), ids.iter().max()) else {
        work.commit().await?;
        return Ok(None);
    };
    let seal = "UPDATE audit.audit_logs AS entry SET seq = sealed.seq, prev_hash = sealed.prev_hash, hash = sealed.hash
           FROM unnest($, $, $, $) AS sealed (id, seq, prev_hash, hash)
          WHERE entry.organization_id = $ AND entry.id BETWEEN $ AND $ AND entry.id = sealed.id";
    let (first, latest) = (Bind::Uuid(*first), Bind::Uuid(*latest));
    let sealed = [Bind::Uuids(ids), Bind::Ints(seqs), Bind::Hashes(prev_hashes), Bind::Hashes(hashes)];
    let binds = [&sealed[..], &[organization, first, latest]].concat();
    Prepared::new(seal, binds).execute(&mut *work).await?;
    work.commit().await?;
    Ok(Some(Sealing { count: entries.len(), before, end }))
}

/// The hash of the entry with this number, where there is one.
pub async fn hash_at(door: &Door, organization: Uuid, seq: i64) -> Result<Option<Hash>> {
    let mut work = door.work().await?;
    work.enter(organization).await?;
    let link =
        "SELECT seq, hash FROM audit.audit_logs WHERE organization_id = $ AND seq = $ ORDER BY id LIMIT 1";
    let link = Prepared::new(link, [Bind::Uuid(organization), Bind::Int(seq)]);
    let link: Option<Link> = link.get_result(&mut *work).await.optional()?;
    work.commit().await?;
    Ok(link.map(|link| link.hash))
}

/// An organization that has an audit log, or had one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub organization: Uuid,
    pub slug: String,
    /// Whether all of it was deleted for good, or is being.
    pub purged: bool,
}

/// All organizations.
pub async fn organizations(door: &Door) -> Result<Vec<Kept>> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let ids = "SELECT id, purge_started_at IS NOT NULL AS purged FROM identity.organizations ORDER BY id";
    let ids: Vec<Named> = sql_query(ids).load(&mut *work).await?;
    work.commit().await?;
    let mut organizations = Vec::with_capacity(ids.len());
    let mut work = door.work().await?;
    for Named { id, purged } in ids {
        work.enter(id).await?;
        let slug: Option<Slug> = sql_query("SELECT slug FROM identity.organizations WHERE id = $1")
            .bind::<SqlUuid, _>(id)
            .get_result(&mut *work)
            .await
            .optional()?;
        organizations.extend(slug.map(|Slug { slug }| Kept { organization: id, slug, purged }));
    }
    work.commit().await?;
    Ok(organizations)
}

/// Where the chain of a purged organization ended, as the platform's log says it in an entry about `resource`; inside,
/// none where there was no entry. What the log of the platform says, its own chain proves.
pub async fn ended(door: &Door, action: &str, resource: &str) -> Result<Option<Option<Link>>> {
    let mut work = door.work().await?;
    work.enter(PLATFORM).await?;
    let ends: Vec<Ended> = sql_query(
        "SELECT (new_values ->> 'seq')::bigint AS seq, decode(new_values ->> 'hash', 'hex') AS hash FROM audit.audit_logs
         WHERE organization_id = $1 AND resource_id = $2 AND action = $3 AND actor_type = 'system' ORDER BY seq LIMIT 1",
    )
    .bind::<SqlUuid, _>(PLATFORM)
    .bind::<Text, _>(resource)
    .bind::<Text, _>(action)
    .load(&mut *work)
    .await?;
    work.commit().await?;
    let link = |end: Ended| Some(Link { seq: end.seq?, hash: end.hash? });
    Ok(ends.into_iter().next().map(link))
}

/// What checking a chain has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries are sealed and in order.
    pub sound: i64,
    /// How many are not sealed yet.
    pub unsealed: i64,
    /// The first entry that is not as it was sealed.
    pub broken: Option<Break>,
}

/// Where a chain breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    pub seq: i64,
    /// The entry that stands there; none when it is gone.
    pub id: Option<Uuid>,
    pub flaw: Flaw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("an entry is missing")]
    Missing,
    #[error("two entries have the same number")]
    Repeated,
    #[error("the entry was changed")]
    Changed,
    #[error("the entry does not follow the one before it")]
    Detached,
    #[error("the chain ends before its last checkpoint")]
    Cut,
    #[error("the chain is another one than at its last checkpoint")]
    Replaced,
}

/// Works out the whole chain of an organization anew and compares it with what is stored, and with a place that it
/// is known to have reached.
pub async fn verify(door: &Door, organization: Uuid, checkpoint: Option<&Link>) -> Result<Verdict> {
    let mut end: Option<Link> = None;
    loop {
        let entries = sealed_after(door, organization, end.as_ref().map_or(0, |end| end.seq)).await?;
        let more = entries.len() == BATCH;
        for entry in entries {
            match examine(&entry, end.as_ref(), checkpoint) {
                Ok(link) => end = Some(link),
                Err(flaw) => {
                    let sound = end.map_or(0, |end| end.seq);
                    let (seq, id) = match flaw {
                        Flaw::Missing => (sound + 1, None),
                        _ => (entry.seq, Some(entry.id)),
                    };
                    return Ok(Verdict { sound, unsealed: 0, broken: Some(Break { seq, id, flaw }) });
                }
            }
        }
        if !more {
            break;
        }
    }
    let sound = end.map_or(0, |end| end.seq);
    let cut = checkpoint.filter(|checkpoint| checkpoint.seq > sound);
    let broken = cut.map(|_| Break { seq: sound + 1, id: None, flaw: Flaw::Cut });
    Ok(Verdict { sound, unsealed: unsealed(door, organization).await?, broken })
}

fn examine(entry: &Sealed, end: Option<&Link>, checkpoint: Option<&Link>) -> Result<Link, Flaw> {
    let expected = next(end, &entry.content);
    if entry.seq > expected.seq {
        return Err(Flaw::Missing);
    }
    if entry.seq < expected.seq {
        return Err(Flaw::Repeated);
    }
    if entry.prev_hash.as_ref() != end.map(|end| &end.hash) {
        return Err(Flaw::Detached);
    }
    if entry.hash != expected.hash {
        return Err(Flaw::Changed);
    }
    match checkpoint.filter(|checkpoint| checkpoint.seq == expected.seq) {
        Some(checkpoint) if checkpoint.hash != expected.hash => Err(Flaw::Replaced),
        _ => Ok(expected),
    }
}

async fn sealed_after(door: &Door, organization: Uuid, seq: i64) -> Result<Vec<Sealed>> {
    let mut work = door.work().await?;
    work.enter(organization).await?;
    let entries = Prepared::new(SEALED, [Bind::Uuid(organization), Bind::Int(seq)]).load(&mut *work).await?;
    work.commit().await?;
    Ok(entries)
}

async fn unsealed(door: &Door, organization: Uuid) -> Result<i64> {
    let mut work = door.work().await?;
    work.enter(organization).await?;
    let count: Count = sql_query(
        "SELECT count(*) AS count FROM audit.audit_logs WHERE organization_id = $1 AND seq IS NULL",
    )
    .bind::<SqlUuid, _>(organization)
    .get_result(&mut *work)
    .await?;
    work.commit().await?;
    Ok(count.count)
}

async fn last(work: &mut Work, organization: Uuid) -> Result<Option<Link>> {
    let last = "SELECT seq, hash FROM audit.audit_logs WHERE organization_id = $ AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
    Ok(Prepared::new(last, [Bind::Uuid(organization)]).get_result(&mut **work).await.optional()?)
}

/// In the order of the transactions, a batch at once.
const UNSEALED: &str = "SELECT entry.id, to_jsonb(entry)::text AS content FROM audit.audit_logs AS entry \
    WHERE entry.organization_id = $ AND entry.id >= $ AND entry.seq IS NULL ORDER BY age(entry.xmin) DESC, entry.id LIMIT 2000";

/// Entries that share a number stand in one batch or are found by the next one's first.
const SEALED: &str = "SELECT entry.id, entry.seq, entry.prev_hash, entry.hash, to_jsonb(entry)::text AS content \
    FROM audit.audit_logs AS entry WHERE entry.organization_id = $ AND entry.seq > $ ORDER BY entry.seq, entry.id LIMIT 2000";

/// The entry that follows `end`. The parts before the content have a fixed length, so no two inputs look the same.
fn next(end: Option<&Link>, content: &str) -> Link {
    let seq = end.map_or(0, |end| end.seq) + 1;
    let mut hasher = digest::Context::new(&digest::SHA256);
    hasher.update(b"portico audit 1\n");
    hasher.update(&seq.to_be_bytes());
    match end {
        Some(end) => hasher.update(&end.hash.0),
        None => hasher.update(&[0; digest::SHA256_OUTPUT_LEN]),
    }
    hasher.update(b"{");
    for (index, value) in sealed(content).enumerate() {
        hasher.update(if index > 0 { b", " } else { b"" });
        hasher.update(value.as_bytes());
    }
    hasher.update(b"}");
    Link { seq, hash: Hash(hasher.finish().as_ref().to_vec()) }
}

/// What is sealed of an entry, each value with its name as PostgreSQL writes `jsonb`: names in a fixed order, times in UTC.
/// All but the seal; empty columns are left out, so that a column added later leaves the hashes of before as they are.
fn sealed(content: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let ends = move |letter| {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0 && !quoted
    };
    let inside = content.strip_prefix('{').and_then(|content| content.strip_suffix('}'));
    inside.unwrap_or(content).split(ends).map(str::trim_start).filter(|value| {
        let of_seal = ["\"seq\": ", "\"prev_hash\": ", "\"hash\": "];
        !value.ends_with("\": null") && !of_seal.iter().any(|name| value.starts_with(name))
    })
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    purged: bool,
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Nullable<BigInt>)]
    seq: Option<i64>,
    #[diesel(sql_type = Nullable<Bytea>)]
    hash: Option<Hash>,
}

#[derive(QueryableByName)]
struct Slug {
    #[diesel(sql_type = Text)]
    slug: String,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Unsealed {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    content: String,
}

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Nullable<Bytea>)]
    prev_hash: Option<Hash>,
    #[diesel(sql_type = Bytea)]
    hash: Hash,
    #[diesel(sql_type = Text)]
    content: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_take_a_batch() {
        let limit = format!(" LIMIT {BATCH}");
        assert!(UNSEALED.ends_with(&limit) && SEALED.ends_with(&limit));
    }

    #[test]
    fn the_seal_and_what_is_empty_are_not_sealed() {
        let entry = r#"{"id": "a", "seq": 7, "hash": "\\x00", "action": null, "details": {"a": [1, null], "b": "x, \", }", "c": null}, "prev_hash": null, "error_message": "y\": null"}"#;
        let kept = [
            r#""id": "a""#,
            r#""details": {"a": [1, null], "b": "x, \", }", "c": null}"#,
            r#""error_message": "y\": null""#,
        ];
        assert_eq!(sealed(entry).collect::<Vec<_>>(), kept);
    }

    #[test]
    fn a_hash_depends_on_content_place_and_all_that_came_before() {
        let first = next(None, "{}");
        let second = next(Some(&first), "{}");
        assert_eq!((first.seq, second.seq), (1, 2));
        assert_ne!(first.hash, second.hash);
        let other = next(None, "{\"id\": 1}");
        assert_ne!(other.hash, first.hash);
        assert_ne!(next(Some(&other), "{}").hash, second.hash);
        assert_eq!(next(Some(&first), "{}"), second);
    }
}
