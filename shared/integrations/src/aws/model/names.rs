//! Names as the AWS SDK for Java 2.x has them, which are those of Step Functions.

use std::borrow::Cow;

/// The name of an operation or member as a variable: a leading run of capitals becomes small, up to the
/// one that begins the next word.
///
/// `GetItem` is `getItem`, `DBInstanceIdentifier` is `dbInstanceIdentifier`, `ETag` is `eTag`.
fn variable_name(name: &str) -> String {
    let bytes = name.as_bytes();
    let is = |index: usize, test: fn(&u8) -> bool| bytes.get(index).is_some_and(test);
    let mut run = 1;
    while is(run, u8::is_ascii_uppercase) && !is(run + 1, u8::is_ascii_lowercase) {
        run += 1;
    }
    let run = run.min(name.len());
    name[..run].to_ascii_lowercase() + &name[run..]
}

/// The action that an operation is in a resource: `GetItem` is `getItem`.
pub(crate) fn action_name(operation: &str) -> String {
    variable_name(operation)
}

/// A name with a capital in front.
pub(crate) fn capitalized(name: &str) -> Cow<'_, str> {
    match name.as_bytes().first() {
        Some(first) if first.is_ascii_lowercase() => {
            (name[..1].to_ascii_uppercase() + &name[1..]).into()
        }
        _ => name.into(),
    }
}

/// What Step Functions calls a member of a model: `DBInstanceIdentifier` is `DbInstanceIdentifier`.
pub(crate) fn member_name(model_name: &str) -> String {
    let variable = variable_name(model_name);
    let suffix = if is_taken(&variable) { "Value" } else { "" };
    format!("{}{suffix}", capitalized(&variable))
}

/// Whether Java has another use for a name, so that the SDK appends `Value`.
fn is_taken(variable: &str) -> bool {
    const TAKEN: &[&str] = &[
        "abstract",
        "assert",
        "boolean",
        "break",
        "byte",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "equals",
        "extends",
        "false",
        "final",
        "finally",
        "float",
        "for",
        "goto",
        "if",
        "implements",
        "import",
        "instanceof",
        "int",
        "interface",
        "long",
        "native",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "short",
        "static",
        "strictfp",
        "super",
        "switch",
        "synchronized",
        "this",
        "throw",
        "throws",
        "transient",
        "true",
        "try",
        "void",
        "volatile",
        "while",
    ];
    TAKEN.binary_search(&variable).is_ok()
}

/// The name of a modelled error: `DBInstanceNotFoundFault` is `DbInstanceNotFoundException`.
pub(crate) fn exception_name(shape: &str) -> String {
    let name = pascal_case(shape.strip_suffix("Fault").unwrap_or(shape));
    match name.ends_with("Exception") {
        true => name,
        false => name + "Exception",
    }
}

/// Words with one capital each.
fn pascal_case(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut name = String::with_capacity(text.len());
    let mut begins = true;
    for (index, &char) in chars.iter().enumerate() {
        if !char.is_ascii_alphanumeric() {
            begins = true;
            continue;
        }
        let before = index.checked_sub(1).and_then(|index| chars.get(index));
        let after = chars.get(index + 1);
        begins |= before.is_some_and(|before| begins_word(*before, char, after));
        name.push(match begins {
            true => char.to_ascii_uppercase(),
            false => char.to_ascii_lowercase(),
        });
        begins = false;
    }
    name
}

fn begins_word(before: char, char: char, after: Option<&char>) -> bool {
    let ends_acronym =
        || before.is_ascii_uppercase() && after.is_some_and(|after| after.is_ascii_lowercase());
    (char.is_ascii_uppercase() && (before.is_ascii_lowercase() || ends_acronym()))
        || (char.is_ascii_alphabetic() && before.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_begin_small() {
        for (operation, action) in [
            ("PutItem", "putItem"),
            ("DescribeDBInstances", "describeDBInstances"),
        ] {
            assert_eq!(action_name(operation), action);
        }
    }

    #[test]
    fn members_are_capitalized_as_java_has_them() {
        for (model, name) in [
            ("DBInstanceIdentifier", "DbInstanceIdentifier"),
            ("SourceDBClusterIdentifier", "SourceDBClusterIdentifier"),
            ("ARN", "Arn"),
            ("SSEKMSKeyId", "SsekmsKeyId"),
            ("MD5OfMessageBody", "Md5OfMessageBody"),
            ("ETag", "ETag"),
            ("ChecksumCRC32", "ChecksumCRC32"),
            ("stateMachineArn", "StateMachineArn"),
            ("Equals", "EqualsValue"),
            ("return", "ReturnValue"),
            ("S", "S"),
            ("BOOL", "Bool"),
        ] {
            assert_eq!(member_name(model), name);
        }
    }

    #[test]
    fn errors_end_in_exception() {
        for (shape, name) in [
            ("NoSuchKey", "NoSuchKeyException"),
            ("DBInstanceNotFoundFault", "DbInstanceNotFoundException"),
            ("ResourceNotFoundException", "ResourceNotFoundException"),
            ("EntityNotExistsException", "EntityNotExistsException"),
        ] {
            assert_eq!(exception_name(shape), name);
        }
    }
}
