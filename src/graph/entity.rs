//! `entity!`: what every row of a table needs to be an object of the graph, in one line.

/// Ties a row to its table, the prefix of its ids, and the permission to see it:
/// `entity!(Deal, "deal", sales::deals, needs "deal.read");`
///
/// Where everybody may see every row that row-level security lets through, `public` says why. What is a `part` of
/// another record is seen with it; what is `limited never` is seen by all who may see any of it, whatever the conditions of
/// their right are.
#[macro_export]
macro_rules! entity {
    (
        $row:ident, $prefix:literal, $schema:ident :: $table:ident
        $(, needs $permission:literal)? $(, public $public:literal)?
        $(, key $key:ident)? $(, owner $owner:ident)? $(, version $version:ident)? $(, deleted $deleted:ident)?
        $(, part $part:ident of $of:ident)? $(, limited $never:ident)?
    ) => {
        impl $crate::store::id::Kind for $row {
            const NAME: &'static str = stringify!($row);
            const PREFIX: &'static str = $prefix;
        }

        impl $crate::store::batch::Stored for $row {
            type Source = $crate::store::tables::$schema::$table::table;
            const TABLE: &'static $crate::store::select::Table = &$crate::store::select::Table {
                name: concat!("\"", stringify!($schema), "\".\"", stringify!($table), "\""),
                key: $crate::entity!(@key $($key)?),
                owner: $crate::entity!(@owner $($owner)?),
                limited: $crate::entity!(@limited [$($permission)?] $($part $of)? $($never)?),
            };
            const DELETED: Option<&'static str> = $crate::entity!(@deleted $($deleted)?);

            fn width() -> usize {
                <Self as $crate::store::select::Readable>::types().len()
            }

            fn id(&self) -> $crate::store::id::Id<Self> {
                self.id
            }

            fn version(&self) -> Option<i32> {
                $crate::entity!(@version self $($version)?)
            }

            fn is_deleted(&self) -> bool {
                $crate::entity!(@is_deleted self $($deleted)?)
            }

            fn rows(
                db: &$crate::store::door::Snapshot,
                fetch: $crate::store::select::Fetch,
            ) -> futures_util::future::BoxFuture<'_, $crate::store::error::Result<Vec<Self>>> {
                db.rows(Self::TABLE, fetch)
            }

            fn each<'s>(
                db: &'s $crate::store::door::Snapshot,
                fetch: $crate::store::select::Fetch,
                parents: Vec<uuid::Uuid>,
                take: $crate::store::batch::Take<'s, Self>,
            ) -> futures_util::future::BoxFuture<'s, $crate::store::error::Result<()>> {
                db.each(Self::TABLE, fetch, parents, take)
            }

            fn lock_where(
                write: &mut $crate::store::door::Write,
                condition: $crate::store::select::Condition,
            ) -> futures_util::future::BoxFuture<'_, $crate::store::error::Result<Option<Self>>> {
                futures_util::FutureExt::boxed(write.locked::<Self>(Self::TABLE, condition))
            }

            fn insert(
                write: &mut $crate::store::door::Write,
                id: $crate::store::id::Id<Self>,
                values: $crate::store::changes::Changes<Self::Source>,
            ) -> futures_util::future::BoxFuture<'_, $crate::store::error::Result<Self>> {
                futures_util::FutureExt::boxed(write.inserted::<Self>(id, values))
            }

            fn update(
                write: &mut $crate::store::door::Write,
                id: $crate::store::id::Id<Self>,
                changes: $crate::store::changes::Changes<Self::Source>,
            ) -> futures_util::future::BoxFuture<'_, $crate::store::error::Result<Self>> {
                futures_util::FutureExt::boxed(write.updated::<Self>(id, changes))
            }
        }

        $crate::entity!(@restorable $row, $schema::$table $(, $deleted)?);

        impl $crate::graph::rows::Object for $row {
            const NAME: &'static str = stringify!($row);
            const NEEDS: Option<&'static str> = $crate::entity!(@needs $($permission)?);
            const PUBLIC: Option<&'static str> = $crate::entity!(@needs $($public)?);

            fn about() -> String {
                $crate::store::tables::describe(stringify!($schema), stringify!($table), None)
                    .unwrap_or_default()
                    .to_owned()
            }

            fn fields(fields: &mut $crate::graph::rows::Fields<Self>) {
                $crate::graph::rows::is_node::<Self>();
                fields.of_table(stringify!($schema), stringify!($table));
                fields.implements("Node");
                $crate::entity!(@record fields $($version)?);
                <Self as $crate::graph::rows::Entity>::fields(fields);
                fields.viewer_can();
            }
        }
    };
    (@restorable $row:ident, $schema:ident :: $table:ident) => {};
    (@restorable $row:ident, $schema:ident :: $table:ident, $deleted:ident) => {
        impl $crate::store::batch::Restorable for $row {
            fn deleted_at(
                at: Option<chrono::DateTime<chrono::Utc>>,
            ) -> $crate::store::changes::Changes<Self::Source> {
                $crate::store::changes::Changes::default().set($crate::store::tables::$schema::$table::$deleted, at)
            }
        }
    };
    (@limited [$($permission:literal)?] never) => { $crate::store::select::Limited::Never };
    (@limited []) => { $crate::store::select::Limited::Never };
    (@limited [$permission:literal]) => { $crate::store::select::Limited::By($permission) };
    (@limited [$permission:literal] $part:ident $of:ident) => {
        $crate::store::select::Limited::With {
            permission: $permission,
            column: stringify!($part),
            of: <$of as $crate::store::batch::Stored>::TABLE,
        }
    };
    (@needs) => { None };
    (@needs $text:literal) => { Some($text) };
    (@key) => { "id" };
    (@key $key:ident) => { stringify!($key) };
    (@owner) => { $crate::store::select::Owner::Organization };
    (@owner $owner:ident) => { $crate::store::select::Owner::$owner };
    (@version $self:ident) => { None };
    (@version $self:ident $version:ident) => { Some($self.$version) };
    (@record $fields:ident) => {};
    (@record $fields:ident $version:ident) => {
        $fields.implements("Record");
        $crate::domains::audit::trail($fields);
    };
    (@is_deleted $self:ident) => { false };
    (@is_deleted $self:ident $deleted:ident) => { $self.$deleted.is_some() };
    (@deleted) => { None };
    (@deleted $deleted:ident) => { Some(stringify!($deleted)) };
}
