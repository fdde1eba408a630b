//! What is wrong with a row of an import, as the mutation says it that the row was given to.
use crate::{
    domains::{
        ops::import::{Import, ImportFilter},
        prelude::*,
    },
    graph::visit::View,
    store::{tables::ops::import_errors, value::Texts},
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = import_errors, check_for_backend(Pg))]
pub struct ImportError {
    pub id: Id<ImportError>,
    pub import_id: Id<Import>,
    pub row_number: i32,
    pub code: String,
    pub message: String,
    pub path: Texts,
}

entity!(ImportError, "impe", ops::import_errors, needs "import.read", part import_id of Import);

impl Entity for ImportError {
    fn fields(error: &mut Fields<Self>) {
        columns! { error: ImportError {
            id, row_number, code, path,
        } keeps { import_id, message } }
        error.computed("message", told).of_column("message").about_column("message");
        error.one("import", |error| Some(error.import_id)).about_column("import_id").required();
        error.aggregate().ranges(&["rowNumber"]).by(&["code"]);
    }
}

/// In the language of whoever reads it.
fn told(error: &ImportError, view: View<'_>) -> String {
    Said::heard(error.message.clone()).in_language(view.caller().language).into_owned()
}

filter! { ImportErrorFilter for ImportError in import_errors {
    id: Compare<Id<ImportError>>,
    row_number: Compare<i32>,
    code: Compare<String>,
    import: ImportFilter => through import_id,
} }

order! { ImportErrorOrder, ImportErrorOrderField for ImportError {
    /// Its row's place in the file.
    RowNumber = row_number,
} default [RowNumber Asc] }

/// One that is to be kept.
#[derive(Clone, Debug)]
pub(super) struct Noted {
    pub row_number: i32,
    pub error: UserError,
}

/// Keeps what is wrong with rows.
pub(super) async fn keep(write: &mut Write, import: Id<Import>, noted: &[Noted]) -> Outcome<()> {
    let organization = write.organization();
    // as many at a time as one statement may name
    for noted in noted.chunks(1_000) {
        let row = |noted: &Noted| {
            (
                import_errors::organization_id.eq(organization),
                import_errors::id.eq(Id::<ImportError>::fresh()),
                import_errors::import_id.eq(import),
                import_errors::row_number.eq(noted.row_number),
                import_errors::code.eq(noted.error.code.as_str()),
                import_errors::message.eq(noted.error.message.english().to_owned()),
                import_errors::path.eq(Texts(noted.error.path.clone())),
            )
        };
        let rows: Vec<_> = noted.iter().map(row).collect();
        diesel::insert_into(import_errors::table).values(rows).execute(&mut **write).await?;
    }
    Ok(())
}

/// Forgets what was wrong with the rows of an import.
pub(super) async fn forget(write: &mut Write, import: Id<Import>) -> Outcome<()> {
    let errors = import_errors::table
        .filter(import_errors::organization_id.eq(write.organization()))
        .filter(import_errors::import_id.eq(import));
    diesel::delete(errors).execute(&mut **write).await?;
    Ok(())
}
