//! `viewerCan`: what the caller may do with a record as it stands, so that a client shows no button that is refused.
use async_graphql::registry::{MetaField, Registry};
use futures_util::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    argument::Argument,
    declare::{Entity, Fields, How},
    plan::{Asked, Env},
    register,
    relation::{Leaves, Loaded, Relation, loaded},
};
use crate::graph::{gate::Right, visit::Args};

const ABOUT: &str = "Whether you may use this permission with the record as it stands: you hold it, it extends to the \
    record, its state allows it, and it is not for another person to do.";
const PERMISSION: &str = "The permission, by the name that `@requires` uses: `budget.approve`.";

impl<T: Entity> Fields<T> {
    pub fn viewer_can(&mut self) {
        let of = |registry: &mut Registry| <bool as crate::graph::scalar::Scalar>::register(registry);
        self.add("viewerCan", Box::new(of), How::Relation(Box::new(ViewerCan)))
            .argument(Argument::of::<String>("permission", PERMISSION))
            .about(ABOUT)
            .public()
            .always();
    }
}

/// The field of the interfaces.
pub(super) fn field() -> MetaField {
    let mut field = register::field("viewerCan", "Boolean!", ABOUT);
    let mut permission = async_graphql::registry::MetaInputValue::new("permission", "String!");
    permission.description = Some(PERMISSION.to_owned());
    field.args.insert("permission".to_owned(), permission);
    field
}

struct ViewerCan;

impl<T: Entity> Relation<T> for ViewerCan {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let permission: String = Args::of(&env.field(asked.field())).get("permission")?;
            let extends: Vec<bool> = match env.right_by_name(&permission) {
                Err(_) => vec![false; rows.len()],
                Ok(Right::Everything) => vec![true; rows.len()],
                Ok(Right::SomeRows) => {
                    let ids: Vec<Uuid> = rows.iter().map(|row| row.id().0).collect();
                    let found = env.snapshot.extent(&permission, T::TABLE, ids.clone()).await?;
                    ids.iter().map(|id| found.contains(id)).collect()
                }
            };
            let can = |(row, extends): (&T, bool)| {
                // what is deleted can be looked at and restored
                let gone =
                    row.is_deleted() && !permission.ends_with(".read") && !permission.ends_with(".delete");
                Ok(extends && !gone && !row.bars(&permission, &env.visit.caller, env.grants))
            };
            let values = rows.iter().zip(extends).map(can).collect();
            loaded(Leaves { values, pos: asked.pos() })
        }
        .boxed()
    }
}
