//! A list of contacts as a file: which column is what, and whether a row will do. Pure.

use super::event::Profile;
use super::ids::Email;
use super::stage::options;
use serde::Serialize;

options!(
    /// What a column may hold; the names are those of the contact's columns.
    Field {
        Email => "email",
        FirstName => "first_name",
        LastName => "last_name",
        FullName => "full_name",
        Phone => "phone",
        CompanyName => "company_name",
        JobTitle => "job_title",
        LinkedinUrl => "linkedin_url",
        CompanyLinkedinUrl => "company_linkedin_url",
        CompanyWebsite => "company_website",
        CompanySize => "company_size",
        CompanyIndustry => "company_industry",
    }
);

/// Longest cell that is kept, in characters.
pub const CELL_CHARS_MAX: usize = 1_000;

/// Headers of the usual exports (Clay, Apollo, Sales Navigator tools, `ZoomInfo`, Smartlead, Instantly), without case, space and
/// punctuation. Where several columns would do, the one that stands first here is taken: a work address before a private one.
const NAMES: &[(Field, &[&str])] = &[
    (
        Field::Email,
        &[
            "email",
            "emailaddress",
            "workemail",
            "businessemail",
            "professionalemail",
            "companyemail",
            "contactemail",
            "primaryemail",
            "leademail",
            "verifiedemail",
            "finalemail",
            "mail",
            "emailid",
            "emails",
            "emailadresse",
            "correo",
            "correoelectronico",
            "courriel",
            "adressemail",
            "personalemail",
        ],
    ),
    (
        Field::FirstName,
        &["firstname", "first", "givenname", "fname", "vorname", "prenom", "prénom", "nombre", "nome", "voornaam"],
    ),
    (
        Field::LastName,
        &[
            "lastname",
            "last",
            "surname",
            "familyname",
            "lname",
            "nachname",
            "nomdefamille",
            "apellido",
            "apellidos",
            "cognome",
            "achternaam",
        ],
    ),
    (Field::FullName, &["fullname", "name", "contactname", "personname", "leadname", "prospectname"]),
    (
        Field::Phone,
        &[
            "phone",
            "phonenumber",
            "directphone",
            "directphonenumber",
            "workdirectphone",
            "workphone",
            "mobile",
            "mobilephone",
            "cell",
            "cellphone",
            "corporatephone",
            "companyphone",
            "telephone",
            "tel",
            "telefon",
            "telefono",
            "téléphone",
        ],
    ),
    (
        Field::CompanyName,
        &[
            "company",
            "companyname",
            "organization",
            "organisation",
            "organizationname",
            "account",
            "accountname",
            "employer",
            "firma",
            "unternehmen",
            "entreprise",
            "societe",
            "société",
            "empresa",
            "azienda",
            "companynameforemails",
        ],
    ),
    (
        Field::JobTitle,
        &["jobtitle", "title", "position", "role", "headline", "occupation", "positiontitle", "cargo", "poste"],
    ),
    (
        Field::LinkedinUrl,
        &[
            "linkedinurl",
            "linkedin",
            "linkedinprofile",
            "linkedinprofileurl",
            "personlinkedinurl",
            "personlinkedin",
            "contactlinkedin",
            "linkedincontactprofileurl",
            "profileurl",
        ],
    ),
    (
        Field::CompanyLinkedinUrl,
        &[
            "companylinkedinurl",
            "companylinkedin",
            "companylinkedinprofile",
            "companylinkedinprofileurl",
            "organizationlinkedinurl",
        ],
    ),
    (
        Field::CompanyWebsite,
        &[
            "companywebsite",
            "website",
            "websiteurl",
            "companyurl",
            "companydomain",
            "domain",
            "url",
            "webseite",
            "sitioweb",
            "siteweb",
            "organizationwebsite",
        ],
    ),
    (
        Field::CompanySize,
        &[
            "companysize",
            "employees",
            "numberofemployees",
            "employeecount",
            "numemployees",
            "headcount",
            "employeerange",
            "companyheadcount",
            "size",
        ],
    ),
    (
        Field::CompanyIndustry,
        &["companyindustry", "industry", "primaryindustry", "sector", "branche", "industria", "secteur"],
    ),
];

/// Which column holds what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapping {
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    pub header: String,
    /// None is ignored.
    pub field: Option<Field>,
    /// Told by a person, not guessed.
    pub told: bool,
}

/// A header and what a person says that it holds; none ignores it.
pub type Told = (String, Option<Field>);

/// Reads the headers. What a person told comes first; each field is held by one column.
pub fn map(headers: &[String], told: &[Told]) -> Result<Mapping, String> {
    let mut columns: Vec<Column> =
        headers.iter().map(|header| Column { header: header.clone(), field: None, told: false }).collect();
    for (header, field) in told {
        let wanted = folded(header);
        let column = columns.iter_mut().find(|column| column.header == *header || folded(&column.header) == wanted);
        let column =
            column.ok_or_else(|| format!("the file has no column `{header}`; it has: {}", headers.join(", ")))?;
        column.field = *field;
        column.told = true;
    }
    for (field, names) in NAMES {
        if columns.iter().any(|column| column.field == Some(*field)) {
            continue;
        }
        let free = |column: &Column| column.field.is_none() && !column.told;
        let found = names
            .iter()
            .find_map(|name| columns.iter().position(|column| free(column) && folded(&column.header) == *name));
        if let Some(column) = found.and_then(|index| columns.get_mut(index)) {
            column.field = Some(*field);
        }
    }
    if !columns.iter().any(|column| column.field == Some(Field::Email)) {
        return Err(format!(
            "no column looks like an e-mail address among: {}. Name it with --map \"HEADER=email\"",
            headers.join(", ")
        ));
    }
    Ok(Mapping { columns })
}

fn folded(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A row that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub email: Email,
    pub profile: Profile,
}

/// Reads a row's cells, or says why the row will not do. Cells beyond the headers are ignored, missing ones are empty.
pub fn read_row(mapping: &Mapping, cells: &[String]) -> Result<Row, String> {
    let mut email = None;
    let mut full_name = None;
    let mut profile = Profile::default();
    for (column, cell) in mapping.columns.iter().zip(cells) {
        let Some(field) = column.field else { continue };
        let text = cleaned(cell);
        if text.is_empty() {
            continue;
        }
        if text.chars().count() > CELL_CHARS_MAX {
            return Err(format!("`{}` has more than {CELL_CHARS_MAX} characters", column.header));
        }
        match field {
            Field::Email => email = Some(address(&text)?),
            Field::FullName => full_name = Some(text),
            Field::FirstName
            | Field::LastName
            | Field::Phone
            | Field::CompanyName
            | Field::JobTitle
            | Field::LinkedinUrl
            | Field::CompanyLinkedinUrl
            | Field::CompanyWebsite
            | Field::CompanySize
            | Field::CompanyIndustry => {
                if let Some(known) = profile.field_mut(field.as_str()) {
                    *known = Some(text);
                }
            }
        }
    }
    if let (Some(name), None, None) = (full_name, &profile.first_name, &profile.last_name) {
        match name.split_once(' ') {
            Some((first, last)) => {
                profile.first_name = Some(first.to_owned());
                profile.last_name = Some(last.trim().to_owned());
            }
            None => profile.first_name = Some(name),
        }
    }
    Ok(Row { email: email.ok_or("it has no e-mail address")?, profile })
}

/// Of several addresses in one cell the first counts.
fn address(text: &str) -> Result<Email, String> {
    let first = text.split([',', ';', '|']).map(str::trim).find(|part| !part.is_empty()).unwrap_or(text);
    let first = first.strip_prefix("mailto:").unwrap_or(first);
    Email::parse_mailbox(first).map(|(email, _)| email).map_err(|error| error.to_string())
}

/// Without control characters (a line break inside a cell is a space) and surrounding space.
fn cleaned(cell: &str) -> String {
    let text: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    fn fields(headers: &[&str], told: &[Told]) -> Result<Vec<&'static str>, String> {
        let mapping = map(&texts(headers), told)?;
        Ok(mapping.columns.iter().map(|column| column.field.map_or("-", Field::as_str)).collect())
    }

    #[test]
    fn headers_of_the_usual_exports_are_understood() {
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("plain", &["email", "first_name", "last_name"], &["email", "first_name", "last_name"]),
            (
                "Apollo",
                &[
                    "First Name",
                    "Last Name",
                    "Title",
                    "Company",
                    "Email",
                    "# Employees",
                    "Industry",
                    "Person Linkedin Url",
                    "Website",
                    "Company Linkedin Url",
                ],
                &[
                    "first_name",
                    "last_name",
                    "job_title",
                    "company_name",
                    "email",
                    "company_size",
                    "company_industry",
                    "linkedin_url",
                    "company_website",
                    "company_linkedin_url",
                ],
            ),
            (
                "Clay",
                &["Full Name", "Work Email", "LinkedIn Profile", "Company Domain"],
                &["full_name", "email", "linkedin_url", "company_website"],
            ),
            ("a work address before a private one", &["Personal Email", "Work Email"], &["-", "email"]),
            (
                "German",
                &["Vorname", "Nachname", "E-Mail-Adresse", "Firma"],
                &["first_name", "last_name", "email", "company_name"],
            ),
            ("the same header twice", &["Email", "Email"], &["email", "-"]),
            ("what nobody knows", &["email", "Favourite Colour"], &["email", "-"]),
        ];
        for (what, headers, expected) in rows {
            assert_eq!(fields(headers, &[]).as_deref(), Ok(*expected), "{what}");
        }
        let told = [
            ("Colour".to_owned(), Some(Field::JobTitle)),
            ("Title".to_owned(), None),
            ("x".to_owned(), Some(Field::Email)),
        ];
        assert_eq!(
            fields(&["X", "colour", "Title", "email"], &told),
            Ok(vec!["email", "job_title", "-", "-"]),
            "what is told wins"
        );
        assert!(fields(&["name"], &[]).unwrap_err().contains("--map"));
        assert!(fields(&["email"], &[("nope".to_owned(), None)]).unwrap_err().contains("no column `nope`"));
    }

    /// Description, cells, and address and names or a part of the reason.
    type Case<'a> = (&'a str, &'a [&'a str], Result<(&'a str, Option<&'a str>, Option<&'a str>), &'a str>);

    #[test]
    fn rows_do_or_tell_why_not() {
        let mapping = map(&texts(&["Email", "Name", "Phone"]), &[]).unwrap();
        let long = "x".repeat(CELL_CHARS_MAX + 1);
        let rows: &[Case<'_>] = &[
            ("plain", &["Ada@Example.com", "Ada Berg", "1"], Ok(("ada@example.com", Some("Ada"), Some("Berg")))),
            ("with a name", &["Ada <ada@example.com>", "", ""], Ok(("ada@example.com", None, None))),
            ("several", &["ada@example.com; b@example.com", "Ada", ""], Ok(("ada@example.com", Some("Ada"), None))),
            ("a link", &["mailto:ada@example.com", "", ""], Ok(("ada@example.com", None, None))),
            ("a short row", &["ada@example.com"], Ok(("ada@example.com", None, None))),
            (
                "control characters",
                &["ada@example.com", "Ada\u{0}\nBerg", ""],
                Ok(("ada@example.com", Some("Ada"), Some("Berg"))),
            ),
            ("no address", &["", "Ada", ""], Err("no e-mail address")),
            ("no such address", &["ada at example", "Ada", ""], Err("is no e-mail address")),
            ("a huge cell", &["ada@example.com", &long, ""], Err("more than 1000")),
        ];
        for (what, cells, expected) in rows {
            match (read_row(&mapping, &texts(cells)), expected) {
                (Ok(row), Ok(expected)) => {
                    let profile = &row.profile;
                    let got = (row.email.as_str(), profile.first_name.as_deref(), profile.last_name.as_deref());
                    assert_eq!(got, *expected, "{what}");
                }
                (Err(why), Err(part)) => assert!(why.contains(part), "{what}: {why}"),
                (got, _) => panic!("{what}: {got:?}"),
            }
        }
    }
}
