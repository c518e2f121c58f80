//! What of a resource is kept here. This is the one list: bodies, paths and filters look at nothing else.
//!
//! Whatever a provider sends beside is taken and ignored, in every request and in every spelling, so that one
//! attribute too many never keeps a person from being disabled.

/// Whose attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

/// What is made of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Kept,
    /// The server alone writes it.
    ReadOnly,
    Ignored,
}

const READ_ONLY: [&str; 3] = ["id", "meta", "schemas"];
const OF_USERS: [&str; 6] = ["username", "name", "displayname", "active", "emails", "externalid"];
const OF_GROUPS: [&str; 3] = ["displayname", "members", "externalid"];

impl Kind {
    /// What is made of the attribute of this name, in lower case and without the URN of a core schema.
    pub(super) fn standing(self, attribute: &str) -> Standing {
        let kept = match self {
            Self::User => OF_USERS.as_slice(),
            Self::Group => OF_GROUPS.as_slice(),
        };
        let is_of_group = self == Self::User && attribute == "groups";
        if kept.contains(&attribute) {
            Standing::Kept
        } else if is_of_group || READ_ONLY.contains(&attribute) {
            Standing::ReadOnly
        } else {
            Standing::Ignored
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn what_is_kept_is_what_the_schemas_say() {
        let schemas = schema::schemas("");
        for (kind, schema, kept) in
            [(Kind::User, &schemas[0], &OF_USERS[..]), (Kind::Group, &schemas[1], &OF_GROUPS)]
        {
            let said = schema["attributes"].as_array().unwrap();
            let said: Vec<_> =
                said.iter().map(|one| one["name"].as_str().unwrap().to_ascii_lowercase()).collect();
            assert!(said.iter().all(|name| kind.standing(name) == Standing::Kept), "{said:?}");
            // Common to all resources, and so in no schema.
            assert_eq!(said.len(), kept.len() - 1, "{said:?}");
        }
    }
}
