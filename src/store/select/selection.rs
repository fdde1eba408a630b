//! Which columns of a row are read: those that somebody looks at. The others are blank: PostgreSQL does not send them, and
//! what stands in their place in the row is not to be looked at.
use std::{
    any::TypeId,
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use diesel::{
    QueryResult, Selectable,
    backend::Backend,
    deserialize::FromSqlRow,
    expression::{Expression, QueryMetadata},
    pg::{Pg, PgMetadataLookup, PgTypeMetadata, PgValue},
    query_builder::{QueryBuilder, QueryFragment},
    result::Error,
    row::{Field, PartialRow, Row, RowIndex, RowSealed},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};

use super::SelectOf;

/// Columns of a row, by their places in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Columns(u64);

impl Columns {
    pub const ALL: Self = Self(u64::MAX);
    pub const NONE: Self = Self(0);

    /// The column at this place.
    pub const fn at(place: usize) -> Self {
        if place < 64 { Self(1 << place) } else { Self::ALL }
    }

    /// These and `others`.
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    const fn has(self, place: usize) -> bool {
        Self::at(place).0 & self.0 != 0
    }

    /// The place, where it is one column alone.
    pub fn only(self) -> Option<u32> {
        self.0.is_power_of_two().then(|| self.0.trailing_zeros())
    }
}

/// A row as PostgreSQL sends it.
pub type Sent = <AsyncPgConnection as AsyncConnectionCore>::Row<'static, 'static>;

/// What can be read although not all of its columns are.
pub trait Readable: Sized + Send + 'static {
    /// All of its columns, as they are selected.
    fn all() -> QueryResult<String>;
    /// Their types, by number; none for what PostgreSQL does not have built in.
    fn types() -> Vec<Option<u32>>;
    fn read(row: &Sparse<'_>) -> QueryResult<Self>;
}

impl<T> Readable for T
where
    T: Selectable<Pg> + FromSqlRow<<SelectOf<T> as Expression>::SqlType, Pg> + Send + 'static,
    SelectOf<T>: QueryFragment<Pg>,
    Pg: QueryMetadata<<SelectOf<T> as Expression>::SqlType>,
{
    fn all() -> QueryResult<String> {
        let mut builder = <Pg as Backend>::QueryBuilder::default();
        T::construct_selection().to_sql(&mut builder, &Pg)?;
        Ok(builder.finish())
    }

    fn types() -> Vec<Option<u32>> {
        let mut types = Vec::new();
        <Pg as QueryMetadata<<SelectOf<T> as Expression>::SqlType>>::row_metadata(&mut BuiltIn, &mut types);
        types.into_iter().map(|ty| ty.and_then(|ty| ty.oid().ok()).filter(|oid| *oid != 0)).collect()
    }

    fn read(row: &Sparse<'_>) -> QueryResult<Self> {
        Self::build_from_row(row).map_err(Error::DeserializationError)
    }
}

/// Knows the types that have the same number everywhere.
struct BuiltIn;

impl PgMetadataLookup for BuiltIn {
    fn lookup_type(&mut self, _: &str, _: Option<&str>) -> PgTypeMetadata {
        PgTypeMetadata::new(0, 0)
    }
}

/// The columns that a statement selects, and where each stands in what comes back.
#[derive(Debug)]
pub struct Selection {
    pub text: String,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Sent(usize),
    Blank(Option<&'static [u8]>),
}

/// All that is known of a type of row.
struct Known {
    whole: Arc<Selection>,
    /// How each column is selected, and what stands for it where it is not; none where nothing could.
    columns: Option<Vec<(String, Place)>>,
    some: HashMap<Columns, Arc<Selection>>,
}

static KNOWN: LazyLock<RwLock<HashMap<TypeId, Known>>> = LazyLock::new(RwLock::default);

/// So many selections of a type are known at most, since each is a statement that every connection keeps; whoever asks for
/// yet another reads everything.
const MOST: usize = 64;

impl Selection {
    /// These columns of a `T`, or more.
    pub fn of<T: Readable>(columns: Columns) -> QueryResult<Arc<Self>> {
        let ty = TypeId::of::<T>();
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&ty).and_then(|known| known.find(columns)) {
            return Ok(found);
        }
        drop(known);
        let fresh = Known::of::<T>()?;
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        Ok(known.entry(ty).or_insert(fresh).make(columns))
    }

    /// These columns of a `T`, and no others.
    pub fn exactly<T: Readable>(columns: Columns) -> QueryResult<Arc<Self>> {
        let ty = TypeId::of::<T>();
        if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&ty) {
            return Ok(Arc::new(known.exactly(columns)));
        }
        let fresh = Known::of::<T>()?;
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::new(known.entry(ty).or_insert(fresh).exactly(columns)))
    }

    /// How many columns are sent.
    pub fn width(&self) -> usize {
        self.places.iter().filter(|place| matches!(place, Place::Sent(_))).count()
    }

    /// The row as its type reads it; `lead` columns stand before it.
    pub fn row<'r>(&'r self, sent: &'r Sent, lead: usize) -> Sparse<'r> {
        Sparse { sent: Some(sent), lead, places: &self.places }
    }
}

impl Known {
    fn of<T: Readable>() -> QueryResult<Self> {
        let text = T::all()?;
        let columns = divide(&text);
        let places = (0..columns.len()).map(Place::Sent).collect();
        let blanks = blanks::<T>().filter(|blanks| blanks.len() == columns.len());
        debug_assert!(
            blanks.is_some(),
            "nothing can stand for some column of {}",
            std::any::type_name::<T>()
        );
        let columns = blanks.map(|blanks| columns.into_iter().zip(blanks).collect());
        Ok(Self { whole: Arc::new(Selection { text, places }), columns, some: HashMap::new() })
    }

    fn find(&self, columns: Columns) -> Option<Arc<Selection>> {
        if columns == Columns::ALL || self.columns.is_none() {
            return Some(self.whole.clone());
        }
        let found = self.some.get(&columns).cloned();
        found.or_else(|| (self.some.len() >= MOST).then(|| self.whole.clone()))
    }

    fn make(&mut self, wanted: Columns) -> Arc<Selection> {
        if let Some(found) = self.find(wanted) {
            return found;
        }
        let made = Arc::new(self.exactly(wanted));
        self.some.insert(wanted, made.clone());
        made
    }

    fn exactly(&self, wanted: Columns) -> Selection {
        let (mut texts, mut places) = (Vec::new(), Vec::new());
        for (place, (text, blank)) in self.columns.iter().flatten().enumerate() {
            if wanted.has(place) {
                places.push(Place::Sent(texts.len()));
                texts.push(text.as_str());
            } else {
                places.push(*blank);
            }
        }
        Selection { text: texts.join(", "), places }
    }
}

/// A selection, column by column.
fn divide(text: &str) -> Vec<String> {
    let (mut depth, mut quoted) = (0, false);
    let columns = text.split(|letter| {
        match letter {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0 && !quoted
    });
    columns.map(|column| column.trim().to_owned()).collect()
}

/// What can stand for each column of a `T`: null if it may be, else some value of its type.
fn blanks<T: Readable>() -> Option<Vec<Place>> {
    let mut places: Vec<Place> =
        T::types().into_iter().map(|ty| Place::Blank(ty.and_then(some_value))).collect();
    let reads = |places: &[Place]| T::read(&Sparse { sent: None, lead: 0, places }).is_ok();
    if !reads(&places) {
        return None;
    }
    for at in 0..places.len() {
        let mut fewer = places.clone();
        fewer.get_mut(at).map(|place| *place = Place::Blank(None))?;
        if reads(&fewer) {
            places = fewer;
        }
    }
    Some(places)
}

/// A value of a type, as it is sent.
const fn some_value(ty: u32) -> Option<&'static [u8]> {
    Some(match ty {
        // bool
        16 => &[0],
        // bytea, text, varchar
        17 | 25 | 1043 => &[],
        // int2
        21 => &[0; 2],
        // int4, float4, date
        23 | 700 | 1082 => &[0; 4],
        // int8, float8, time, timestamp, timestamptz, numeric, xid8
        20 | 701 | 1083 | 1114 | 1184 | 1700 | 5069 => &[0; 8],
        // uuid
        2950 => &[0; 16],
        // json, jsonb
        114 => b"null",
        3802 => b"\x01null",
        // inet: 0.0.0.0
        869 => &[2, 32, 0, 4, 0, 0, 0, 0],
        // arrays of bytea, int2, int4, text, int8, uuid: of nothing
        1001 | 1005 | 1007 | 1009 | 1016 | 2951 => &[0; 12],
        _ => return None,
    })
}

/// The number of no type.
static NO_TYPE: NonZeroU32 = NonZeroU32::MAX;

/// Whether `value` stands for a column that was not asked for: what is read from it is not looked at.
pub fn is_blank(value: &PgValue<'_>) -> bool {
    value.get_oid() == NO_TYPE
}

/// A row with all of its columns, sent or blank.
pub struct Sparse<'r> {
    sent: Option<&'r Sent>,
    lead: usize,
    places: &'r [Place],
}

pub enum Value<F> {
    Sent(F),
    Blank(Option<&'static [u8]>),
}

impl RowSealed for Sparse<'_> {}

impl RowIndex<usize> for Sparse<'_> {
    fn idx(&self, place: usize) -> Option<usize> {
        (place < self.places.len()).then_some(place)
    }
}

/// By name nothing is found: a selection has none.
impl<'n> RowIndex<&'n str> for Sparse<'_> {
    fn idx(&self, _: &'n str) -> Option<usize> {
        None
    }
}

impl<'a> Row<'a, Pg> for Sparse<'_> {
    type Field<'f>
        = Value<<Sent as Row<'a, Pg>>::Field<'f>>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.places.len()
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Self::Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        match *self.places.get(self.idx(index)?)? {
            Place::Sent(at) => self.sent?.get(self.lead + at).map(Value::Sent),
            Place::Blank(value) => Some(Value::Blank(value)),
        }
    }

    fn partial_row(&self, range: std::ops::Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}

impl<'f, F: Field<'f, Pg>> Field<'f, Pg> for Value<F> {
    fn field_name(&self) -> Option<&str> {
        match self {
            Self::Sent(field) => field.field_name(),
            Self::Blank(_) => None,
        }
    }

    fn value(&self) -> Option<PgValue<'_>> {
        match self {
            Self::Sent(field) => field.value(),
            Self::Blank(value) => value.map(|value| PgValue::new(value, &NO_TYPE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_divided_where_a_column_ends() {
        let text = r#""a"."b"."c", (SELECT "x, y" FROM f(1, 2)), "d""#;
        assert_eq!(divide(text), [r#""a"."b"."c""#, r#"(SELECT "x, y" FROM f(1, 2))"#, r#""d""#]);
    }

    #[test]
    fn columns_are_those_of_either() {
        let columns = Columns::at(3).and(Columns::at(63));
        assert!(columns.has(3) && columns.has(63) && !columns.has(4));
        assert_eq!(Columns::at(64), Columns::ALL);
        assert_eq!(columns.and(Columns::ALL), Columns::ALL);
        assert_eq!(columns.and(Columns::NONE), columns);
    }
}
