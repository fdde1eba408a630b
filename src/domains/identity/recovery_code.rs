//! Recovery codes (B007): each stands once for the second factor that its person has lost.
use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    credential::recovery_code,
    domains::{identity::user::User, prelude::*},
    graph::fault::Fault,
    store::tables::identity::recovery_codes,
};

/// So many are made at a time.
const COUNT: usize = 10;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = recovery_codes, check_for_backend(Pg))]
pub struct RecoveryCode {
    pub id: Id<RecoveryCode>,
    pub user_id: Id<User>,
    pub used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

entity!(RecoveryCode, "recovery", identity::recovery_codes, public "everybody sees their own codes only", owner Nobody);

impl Entity for RecoveryCode {
    fn fields(code: &mut Fields<Self>) {
        columns! { code: RecoveryCode { id, used_at, created_at } keeps { user_id } }
    }
}

/// The recovery codes of a person, used or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecoveryCodesOf(pub Uuid);

impl Batch for RecoveryCodesOf {
    type Value = Vec<RecoveryCode>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = recovery_codes::table
            .filter(recovery_codes::user_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .order(recovery_codes::id)
            .limit(1000)
            .select(RecoveryCode::as_select());
        let mut found = HashMap::<Self, Self::Value>::new();
        for code in db.load(query).await? {
            found.entry(Self(code.user_id.0)).or_default().push(code);
        }
        Ok(found)
    }
}

/// Makes a person's codes, which take the place of those they had.
pub(super) async fn issue(write: &mut Write, user: Uuid) -> Outcome<Vec<String>> {
    withdraw(write, user).await?;
    let codes: Result<Vec<String>, _> = (0..COUNT).map(|_| recovery_code::write()).collect();
    let codes = codes.map_err(Fault::internal)?;
    let row = |code: &String| {
        (
            recovery_codes::id.eq(clock::new_id()),
            recovery_codes::user_id.eq(user),
            recovery_codes::code_hash.eq(recovery_code::kept(code)),
        )
    };
    let rows: Vec<_> = codes.iter().map(row).collect();
    diesel::insert_into(recovery_codes::table).values(rows).execute(write).await?;
    Ok(codes)
}

/// Makes a person's codes good for nothing.
pub(super) async fn withdraw(write: &mut Write, user: Uuid) -> Outcome<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(write).await?;
    Ok(())
}

/// Uses a code of a person; false where they have no such code, or have used it.
pub(super) async fn redeem(write: &mut Write, user: Uuid, code: &str) -> Outcome<bool> {
    let unused = recovery_codes::table
        .filter(recovery_codes::user_id.eq(user))
        .filter(recovery_codes::code_hash.eq(recovery_code::kept(code)))
        .filter(recovery_codes::used_at.is_null());
    let used = diesel::update(unused).set(recovery_codes::used_at.eq(clock::now())).execute(write).await?;
    Ok(used == 1)
}
