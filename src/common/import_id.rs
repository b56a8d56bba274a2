//! Keys of an object, and the ID that is made of them: `<key>:<key>`, for an import `[<role ARN>/]<key>:<key>`.

use alicloud::credentials::AccountRule;
use framework::{Attribute, Diagnostic, Diagnostics, Object, Value};

/// An attribute that names an object within its account, for the whole life of the object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// The attribute.
    pub(crate) name: &'static str,
    /// What it is, for the schema of the identity.
    pub(crate) description: &'static str,
    /// What it is where an import ID or an identity leaves it out. Only the last key may have one.
    pub(crate) default: Option<&'static str>,
}

impl Key {
    /// A key that an import must give.
    pub(crate) const fn new(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            default: None,
        }
    }

    /// A key that an import may leave out.
    pub(crate) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

/// The import ID of an object that exists once in each account and has no keys.
pub(super) const SINGLETON: &str = "cams";

/// The ID of an object: its keys, joined by colons. `None` while a key is not known.
pub(super) fn id_of(keys: &[Key], object: &Object) -> Option<String> {
    let values: Option<Vec<&str>> = keys.iter().map(|key| object.text(key.name)).collect();
    values.map(|values| values.join(":"))
}

/// The form of an ID, for messages: `cust_space_id:phone_number`.
pub(super) fn form(keys: &[Key]) -> String {
    if keys.is_empty() {
        return SINGLETON.to_owned();
    }
    let names = keys.iter().map(|key| key.name);
    names.collect::<Vec<_>>().join(":")
}

/// Writes the keys that an ID holds into an object.
///
/// # Errors
/// If the ID has fewer or more parts than there are keys, or a part is not what its attribute takes.
pub(super) fn set_keys(
    keys: &[Key],
    attributes: &[Attribute],
    id: &str,
    object: &mut Object,
) -> Result<(), Diagnostics> {
    if keys.is_empty() {
        return if id == SINGLETON || AccountRule::is_account_id(id) {
            Ok(())
        } else {
            Err(invalid_singleton(id))
        };
    }
    // The last key may hold colons; it takes what is left.
    let parts: Vec<&str> = id.splitn(keys.len().max(1), ':').collect();
    for (index, key) in keys.iter().enumerate() {
        let Some(part) = parts.get(index).copied().or(key.default) else {
            return Err(invalid_id(
                keys,
                key,
                id,
                &format!("`{}` is missing", key.name),
            ));
        };
        check_key(key, attributes, part).map_err(|why| invalid_id(keys, key, id, &why))?;
        object.set(key.name, part);
    }
    Ok(())
}

/// Whether a value may be the key of an object, as a sentence without its full stop if not.
pub(super) fn check_key(key: &Key, attributes: &[Attribute], value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("`{}` is missing", key.name));
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "`{}` has a blank or a control character: \"{}\"",
            key.name,
            value.escape_debug()
        ));
    }
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.name == key.name);
    let validators = attribute.map_or(&[][..], |attribute| &attribute.validators);
    let value = Value::string(value);
    validators
        .iter()
        .try_for_each(|validator| validator.check(&value))
        .map_err(|why| format!("`{}` {why}", key.name))
}

fn invalid_singleton(id: &str) -> Diagnostics {
    Diagnostic::error(
        "Invalid import ID",
        format!(
            "The import ID \"{}\" does not name an object. Nothing was read.\n\nThere is one such object in each account, \
             and its import ID is {SINGLETON}. For the account of a RAM role, the ARN of the role and a slash come before \
             it: ROLE_ARN/{SINGLETON}.\n\n  Code:  Provider.InvalidImportId",
            id.escape_debug(),
        ),
    )
    .into()
}

fn invalid_id(keys: &[Key], key: &Key, id: &str, why: &str) -> Diagnostics {
    let form = form(keys);
    Diagnostic::error(
        "Invalid import ID",
        format!(
            "The import ID \"{}\" does not name an object: {why}. Nothing was read.\n\n`{}` is this: {} An import ID has the form {form}. \
             For an object in the account of a RAM role, the ARN of the role and a slash come before it: \
             ROLE_ARN/{form}.\n\n  Code:  Provider.InvalidImportId",
            id.escape_debug(),
            key.name,
            key.description,
        ),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use framework::{Type, schema::Validator};

    const KEYS: [Key; 3] = [
        Key::new("space", "The space."),
        Key::new("code", "The code."),
        Key::new("kind", "The kind.").or("WHATSAPP"),
    ];

    fn attributes() -> Vec<Attribute> {
        vec![
            Attribute::required("code", Type::String).validate(Validator::text(|text| {
                if text.starts_with('c') {
                    Ok(())
                } else {
                    Err("must begin with c".to_owned())
                }
            })),
        ]
    }

    #[test]
    fn ids_are_taken_apart_and_joined() {
        let check = |id: &str, expected: &str| {
            let mut object = Object::new();
            let found = match set_keys(&KEYS, &attributes(), id, &mut object) {
                Ok(()) => id_of(&KEYS, &object).expect("all keys are set"),
                Err(diagnostics) => diagnostics.iter().map(ToString::to_string).collect(),
            };
            assert!(found.contains(expected), "{id}: {found}");
        };
        check("s:c1:VIBER", "s:c1:VIBER");
        check("s:c1", "s:c1:WHATSAPP");
        check("s:c1:a:b", "s:c1:a:b");
        check("s", "`code` is missing");
        check("", "`space` is missing");
        check("s:", "`code` is missing");
        check("s:x", "`code` must begin with c");
        check(
            "s:c 1",
            "`code` has a blank or a control character: \"c 1\"",
        );
        check(
            "s\n:c1",
            "The import ID \"s\\n:c1\" does not name an object",
        );
        check("x:c1 ", "ROLE_ARN/space:code:kind");
    }

    #[test]
    fn an_object_without_keys_is_named_by_the_product_or_its_account() {
        let check = |id: &str, expected: bool| {
            let found = set_keys(&[], &[], id, &mut Object::new());
            assert_eq!(found.is_ok(), expected, "{id}");
        };
        check("cams", true);
        check("1000000000000001", true);
        check("", false);
        check("CAMS", false);
        check("cams:1", false);
        assert_eq!(form(&[]), "cams");
    }

    #[test]
    fn objects_without_all_keys_have_no_id() {
        let mut object = Object::new();
        object.set("space", "s");
        object.set("code", Value::Unknown);
        assert_eq!(id_of(&KEYS[..2], &object), None);
        assert_eq!(id_of(&KEYS[..1], &object).as_deref(), Some("s"));
    }
}
