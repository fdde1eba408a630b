//! Declaring: the one list of a type's fields, from which the schema is made and by which rows are answered.
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{LazyLock, PoisonError, RwLock},
};

use async_graphql::{InputType, indexmap::IndexMap, registry::Registry};

use uuid::Uuid;

use super::{
    aggregate::Aggregation,
    argument::Argument,
    columns::Kept,
    face::{Face, Origin, TypeOf},
    relation::{Many, One, Parts, Relation, Tried, Values},
};
use crate::{
    graph::{
        fault::Fault,
        scalar::Scalar,
        visit::{Args, View},
    },
    store::{
        batch::{Batch, Stored},
        door::Caller,
        grants::{Grants, Masks},
        select::{Columns, Condition, Table, WordsIn},
        tables,
    },
};

/// A GraphQL object whose fields are declared here and nowhere else.
pub trait Object: Sized + Send + Sync + 'static {
    const NAME: &'static str;
    /// The permission without which no object of this type is shown.
    const NEEDS: Option<&'static str> = None;
    /// Why everybody may see it, where it needs no permission.
    const PUBLIC: Option<&'static str> = None;

    /// What it is, for the readers of the schema.
    fn about() -> String;
    fn fields(fields: &mut Fields<Self>);
}

/// A row of a table that is an object of the graph. Implemented by hand for its fields; the rest by `entity!`.
pub trait Entity: Object + Stored {
    /// The columns whose texts are searched, the most telling first: those that the database indexes.
    const SEARCHED: &'static [&'static str] = &[];
    /// Where their words stand.
    const WORDS_IN: WordsIn = WordsIn::Entries;

    fn fields(fields: &mut Fields<Self>);

    /// Its rows that count where nothing else is said: those that are not deleted, nor what they are part of.
    fn living() -> Condition {
        Condition::ANYTHING.living::<Self>()
    }

    /// Where its changes are told, if not to those who follow all records of its type.
    fn topic(&self) -> Option<String> {
        None
    }

    /// Whether something keeps `caller` from using `permission` with it although they hold it: its state, or that it was
    /// they who did what came before.
    fn bars(&self, _permission: &str, _caller: &Caller, _grants: &Grants) -> bool {
        false
    }

    /// What can be done with it as it stands, for those who tried something else.
    fn allows(&self) -> &'static [&'static str] {
        &[]
    }
}

/// What a type offers, by name.
pub struct Fields<T: 'static> {
    pub(super) declared: IndexMap<&'static str, Declared<T>>,
    /// Columns that are not shown but belong into the audit trail.
    pub(super) kept: Vec<Kept<T>>,
    pub(super) interfaces: Vec<&'static str>,
    /// Schema and table, whose comments describe the columns.
    table: Option<(&'static str, &'static str)>,
    /// The columns of its rows, in order, where they are known.
    pub(super) columns: &'static [&'static str],
    /// Where the rows are, if they are rows of a table.
    pub(super) stored: Option<RowsOf<T>>,
    /// What can be asked of rows together.
    pub(super) aggregation: Option<Box<Aggregation<T>>>,
}

/// What tells a row of a table from the others.
pub(super) struct RowsOf<T> {
    pub table: &'static Table,
    pub id: fn(&T) -> Uuid,
    /// How many columns they have.
    pub width: usize,
}

/// One field.
pub(super) struct Declared<T: 'static> {
    face: Face,
    /// As which field of another record it is masked, row by row.
    pub masked_as: Option<MaskedAs<T>>,
    /// Whose rows show it to them without the permission.
    pub own: Option<Own<T>>,
    pub how: How<T>,
}

impl<T> Deref for Declared<T> {
    type Target = Face;
    fn deref(&self) -> &Face {
        &self.face
    }
}
impl<T> DerefMut for Declared<T> {
    fn deref_mut(&mut self) -> &mut Face {
        &mut self.face
    }
}

pub(super) type Own<T> = fn(&T, &Caller) -> bool;
pub(super) type MaskedAs<T> = fn(&T, &Masks) -> Option<(&'static str, &'static str)>;
pub(super) type Leaf<T> = Box<dyn Fn(&T, &mut Vec<u8>) + Send + Sync>;

/// How a field is answered.
pub(super) enum How<T: 'static> {
    /// Written from the row alone.
    Leaf(Leaf<T>),
    /// Loaded for all rows of a level at once.
    Relation(Box<dyn Relation<T>>),
}

/// The field just declared.
pub struct Last<'f, T: 'static>(&'f mut Declared<T>, Option<(&'static str, &'static str)>);

impl<T> Last<'_, T> {
    /// Only callers with this permission see it.
    pub fn needs(self, permission: &'static str) -> Self {
        self.0.needs = Some(permission);
        self
    }

    /// Everybody may see it, signed in or not, whatever the objects need that it leads to: it shows what is one's own.
    pub fn public(self) -> Self {
        self.0.public = true;
        self.0.target_needs = None;
        self
    }

    /// It leads to objects of type `U`, and needs what they need.
    pub(super) fn target<U: Object>(self) -> Self {
        self.0.target_needs = U::NEEDS;
        self
    }

    /// What it is, for the readers of the schema.
    pub fn about(self, text: impl Into<String>) -> Self {
        self.0.about = text.into();
        self
    }

    /// It shows this column, and reads no other.
    pub fn of_column(self, column: &'static str) -> Self {
        self.0.column = Some(column);
        self
    }

    /// What the database says of this column.
    pub fn about_column(self, column: &str) -> Self {
        if let Some((schema, table)) = self.1
            && let Some(text) = tables::describe(schema, table, Some(column))
        {
            text.clone_into(&mut self.0.about);
        }
        self
    }

    fn worked_out(self) -> Self {
        self.0.origin = Origin::WorkedOut;
        self
    }

    /// It shows something of these fields, by type and name, and is masked as they are.
    pub fn follows(self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.0.follows = fields;
        self
    }

    pub fn takes<A: InputType>(self, name: &'static str, about: &'static str) -> Self {
        self.argument(Argument::of::<A>(name, about))
    }

    pub fn argument(self, argument: Argument) -> Self {
        self.0.arguments.push(argument);
        self
    }

    /// It reads no column but the id.
    pub(super) fn by_id_alone(self) -> Self {
        self.0.reads = Columns::NONE;
        self
    }

    /// There always is one: null only comes with an error.
    pub fn required(self) -> Self {
        self.0.semantic_non_null = true;
        self
    }

    /// Never null: where it fails, what contains it is null.
    pub fn always(self) -> Self {
        self.0.fallible = false;
        self
    }
}

impl<T: Send + Sync + 'static> Default for Fields<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + Sync + 'static> Fields<T> {
    pub fn new() -> Self {
        Self {
            declared: IndexMap::new(),
            kept: Vec::new(),
            interfaces: Vec::new(),
            table: None,
            columns: &[],
            stored: None,
            aggregation: None,
        }
    }

    /// Of what tells something of many rows of `U`, and of none alone.
    pub(super) fn about_rows_of<U: Stored>() -> Self {
        let stored = RowsOf { table: U::TABLE, id: |_| Uuid::nil(), width: 0 };
        Self { stored: Some(stored), ..Self::new() }
    }

    /// The columns are those of this table, and are described by its comments.
    pub fn of_table(&mut self, schema: &'static str, table: &'static str)
    where
        T: Stored,
    {
        self.table = Some((schema, table));
        self.stored = Some(RowsOf { table: T::TABLE, id: |row| row.id().0, width: T::width() });
    }

    pub(super) fn add(&mut self, name: &'static str, ty: TypeOf, how: How<T>) -> Last<'_, T> {
        let fallible = matches!(how, How::Relation(_));
        let face = Face {
            about: String::new(),
            column: None,
            reads: Columns::ALL,
            follows: &[],
            origin: Origin::Stated,
            needs: None,
            public: false,
            target_needs: None,
            arguments: Vec::new(),
            ty,
            fallible,
            semantic_non_null: false,
            stored: |value| value,
        };
        let declared = Declared { face, masked_as: None, own: None, how };
        // a name declared twice keeps its last meaning; the law of the schema names it
        Last(self.declared.entry(name).insert_entry(declared).into_mut(), self.table)
    }

    pub(super) fn relation<U: Object>(
        &mut self,
        name: &'static str,
        list: bool,
        relation: impl Relation<T> + 'static,
    ) -> Last<'_, T> {
        let ty = move |registry: &mut Registry| {
            let of = super::register::object::<U>(registry);
            if list { format!("[{of}!]!") } else { of }
        };
        let last = self.add(name, Box::new(ty), How::Relation(Box::new(relation)));
        last.0.target_needs = U::NEEDS;
        last
    }

    /// A column of the row.
    pub fn column<C: Scalar + 'static>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T) -> &C + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let last =
            self.add(name, Box::new(C::register), How::Leaf(Box::new(move |row, out| get(row).json(out))));
        last.0.stored = C::stored;
        last
    }

    /// Shows a column, which needs a permission, to whoever the row belongs to.
    pub fn show_own(&mut self, name: &'static str, own: Own<T>) {
        if let Some(declared) = self.declared.get_mut(name) {
            declared.own = Some(own);
            declared.about.push_str(" One's own is always shown.");
        }
    }

    /// A column with values of another record, each shown as the field of that record is which `of` says: `Deal`, `name`.
    pub fn masked_as(&mut self, name: &'static str, of: MaskedAs<T>) {
        if let Some(declared) = self.declared.get_mut(name) {
            declared.masked_as = Some(of);
        }
    }

    /// A column that tells something of these fields, by type and name, and is masked as they are.
    pub fn follow(&mut self, name: &'static str, fields: &'static [(&'static str, &'static str)]) {
        if let Some(declared) = self.declared.get_mut(name) {
            declared.follows = fields;
        }
    }

    /// Worked out from the row alone.
    pub fn derived<C: Scalar + 'static>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T) -> C + Send + Sync + 'static,
    ) -> Last<'_, T> {
        self.add(name, Box::new(C::register), How::Leaf(Box::new(move |row, out| get(row).json(out))))
            .worked_out()
    }

    /// Worked out from the row and who looks at it.
    pub fn computed<C: Scalar + Send + Sync + 'static>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T, View<'_>) -> C + Send + Sync + 'static,
    ) -> Last<'_, T> {
        self.tried(name, move |row, _, view| Ok(get(row, view))).always()
    }

    /// Worked out from the row, the arguments and who looks at it; may fail for one row and not for another.
    pub fn tried<C: Scalar + Send + Sync + 'static>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T, &Args<'_, '_>, View<'_>) -> Result<C, Fault> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        self.add(name, Box::new(C::register), How::Relation(Box::new(Tried::new(get)))).worked_out()
    }

    /// A value that has to be loaded: one statement for all rows of a level.
    pub fn value<K, C>(
        &mut self,
        name: &'static str,
        key: impl Fn(&T) -> Option<K> + Send + Sync + 'static,
    ) -> Last<'_, T>
    where
        K: Batch<Value = C>,
        C: Scalar + Send + Sync + 'static,
    {
        self.add(name, Box::new(<Option<C> as Scalar>::register), How::Relation(Box::new(Values::new(key))))
            .worked_out()
    }

    /// An object that is part of the row, such as an amount with its currency.
    pub fn part<U: Object>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T, View<'_>) -> Option<U> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        self.relation::<U>(name, false, Parts::new(get, false)).worked_out()
    }

    /// A list of objects that are part of the row.
    pub fn parts<U: Object>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T, View<'_>) -> Vec<U> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        self.relation::<U>(name, true, Parts::new(get, true)).worked_out()
    }

    /// One row of another entity, or none.
    pub fn one<K, U>(
        &mut self,
        name: &'static str,
        key: impl Fn(&T) -> Option<K> + Send + Sync + 'static,
    ) -> Last<'_, T>
    where
        K: Batch<Value = U>,
        U: Object,
    {
        self.relation::<U>(name, false, One::new(move |_: &Args<'_, '_>, row: &T| Ok(key(row)), true))
    }

    /// One row of another entity that the arguments name; missing and hidden look the same.
    pub fn lookup<K, U>(
        &mut self,
        name: &'static str,
        key: impl Fn(&Args<'_, '_>, &T) -> Result<Option<K>, Fault> + Send + Sync + 'static,
    ) -> Last<'_, T>
    where
        K: Batch<Value = U>,
        U: Object,
    {
        self.relation::<U>(name, false, One::new(key, false))
    }

    /// Several rows of another entity, all of them: for lists that stay short.
    pub fn many<K, U>(
        &mut self,
        name: &'static str,
        key: impl Fn(&T) -> K + Send + Sync + 'static,
    ) -> Last<'_, T>
    where
        K: Batch<Value = Vec<U>>,
        U: Object,
    {
        self.relation::<U>(name, true, Many::new(key))
    }

    /// States that every object of this type is one of `interface`.
    pub fn implements(&mut self, interface: &'static str) {
        self.interfaces.push(interface);
    }
}

/// The declared fields of `T`, made once.
pub(super) fn fields_of<T: Object>() -> &'static Fields<T> {
    made_once(|| {
        let mut fields = Fields::new();
        T::fields(&mut fields);
        fields.learn_columns(T::NAME);
        fields
    })
}

/// The fields of `T`, which `make` declares.
pub(super) fn made_once<T: Send + Sync + 'static>(make: impl FnOnce() -> Fields<T>) -> &'static Fields<T> {
    if let Some(fields) = known(TypeId::of::<T>()).and_then(<dyn Any + Send + Sync>::downcast_ref) {
        return fields;
    }
    let made: &'static Fields<T> = Box::leak(Box::new(make()));
    know(TypeId::of::<T>(), made);
    made
}

type Known = RwLock<HashMap<TypeId, &'static (dyn Any + Send + Sync)>>;
static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);

fn known(of: TypeId) -> Option<&'static (dyn Any + Send + Sync)> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&of).copied()
}

fn know(of: TypeId, made: &'static (dyn Any + Send + Sync)) {
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(of, made);
}
