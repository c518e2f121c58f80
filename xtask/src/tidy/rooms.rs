//! Things that have one room: SQL lives in the store, and status codes in the file of problems.

use crate::tidy::finding::Finding;
use crate::tidy::rust::Source;
use crate::tidy::words::contains_word;

struct Room {
    word: &'static str,
    /// Where the rule holds.
    ground: &'static str,
    /// Where the word is at home, on that ground.
    homes: &'static [&'static str],
    remedy: &'static str,
}

const ROOMS: [Room; 6] = [
    Room {
        word: "sqlx",
        ground: "",
        homes: &["crates/server/src/store/", "crates/server/src/store.rs", "crates/server/tests/store"],
        remedy: "put the statement into crates/server/src/store and call it from here",
    },
    Room {
        word: "StatusCode",
        ground: "crates/server/src/",
        homes: &["crates/server/src/http/problem.rs"],
        remedy: "answer with a problem of crates/server/src/http/problem.rs",
    },
    Room {
        word: "reqwest",
        ground: "crates/server/src/",
        homes: &[
            "crates/server/src/identity/",
            "crates/server/src/outside/",
            "crates/server/src/notices/webhook.rs",
        ],
        remedy: "get a client from crates/server/src/outside, in one of the rooms that call other machines",
    },
    Room {
        word: "start_in_test",
        ground: "",
        homes: &[
            "crates/server/src/server.rs",
            "crates/server/src/authority/access_table.rs",
            "crates/server/src/authority/revocation_rule/tests.rs",
            "crates/server/tests/",
            "crates/cli/tests/",
            "examples/task-api/tests/",
        ],
        remedy: "call `start` or `start_with`: what tests start protects no password",
    },
    Room {
        word: "lettre",
        ground: "",
        homes: &["crates/server/src/notices/mail.rs"],
        remedy: "write letters in crates/server/src/notices, which lets nobody's text into a header",
    },
    Room {
        word: "jsonwebtoken",
        ground: "",
        homes: &["crates/server/src/identity/jwks.rs"],
        remedy: "prove tokens by crates/server/src/identity, which judges form, times and audience too",
    },
];

/// Words outside their room; comments and tests may use them.
pub(crate) fn check(sources: &[Source<'_>]) -> Vec<Finding> {
    let pairs = sources.iter().flat_map(|source| ROOMS.iter().map(move |room| (source, room)));
    pairs
        .filter(|(source, room)| room.binds(&source.file.path) && !source.file.is_tidy())
        .flat_map(|(source, room)| room.strays(source))
        .collect()
}

impl Room {
    fn binds(&self, path: &str) -> bool {
        path.starts_with(self.ground) && !self.homes.iter().any(|home| path.starts_with(home))
    }

    fn strays(&self, source: &Source<'_>) -> Vec<Finding> {
        source
            .program_lines()
            .filter(|(_, line)| contains_word(line, self.word))
            .map(|(number, _)| {
                let message = format!("`{}` outside its room", self.word);
                Finding::at(&source.file.path, number, message, self.remedy)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::files::TextFile;
    use crate::tidy::finding::Report;
    use crate::tidy::rust;

    fn findings(path: &str, text: &str) -> usize {
        let files = [TextFile { path: path.to_owned(), text: text.to_owned() }];
        check(&rust::parse(&files, &mut Report::default())).len()
    }

    #[test]
    fn sql_lives_in_the_store() {
        let text = "use sqlx::Pool;";
        assert_eq!(findings("crates/server/src/authority/create.rs", text), 1);
        assert_eq!(findings("crates/cli/src/main.rs", text), 1);
        assert_eq!(findings("crates/server/src/store/token.rs", text), 0);
        assert_eq!(findings("crates/server/tests/store_contract.rs", text), 0);
    }

    #[test]
    fn other_machines_are_asked_in_one_room() {
        let text = "use reqwest::Client;";
        assert_eq!(findings("crates/server/src/authority/create.rs", text), 1);
        assert_eq!(findings("crates/server/src/identity/fetch.rs", text), 0);
        assert_eq!(findings("crates/server/src/notices/webhook.rs", text), 0);
        assert_eq!(findings("crates/server/src/notices/courier.rs", text), 1);
        assert_eq!(findings("crates/cli/src/http.rs", text), 0);
        let text = "use lettre::Message;";
        assert_eq!(findings("crates/server/src/notices/letter.rs", text), 1);
        assert_eq!(findings("crates/server/src/notices/mail.rs", text), 0);
        let text = "use jsonwebtoken::decode;";
        assert_eq!(findings("crates/server/src/identity/jwt.rs", text), 1);
        assert_eq!(findings("crates/server/src/identity/jwks.rs", text), 0);
    }

    #[test]
    fn only_tests_start_a_server_that_protects_no_password() {
        let text = "fn f() { Server::start_in_test(); }";
        assert_eq!(findings("crates/cli/src/serve.rs", text), 1);
        assert_eq!(findings("crates/server/src/authority/create.rs", text), 1);
        assert_eq!(findings("crates/server/tests/http/support/mod.rs", text), 0);
        let in_a_test = format!("#[cfg(test)]\nmod tests {{\n    {text}\n}}");
        assert_eq!(findings("crates/server/src/authority/create.rs", &in_a_test), 0);
    }

    #[test]
    fn status_codes_live_in_problem() {
        let text = "use http::StatusCode;";
        assert_eq!(findings("crates/server/src/http/v1/tokens.rs", text), 1);
        assert_eq!(findings("crates/server/src/http/problem.rs", text), 0);
        assert_eq!(findings("crates/server/tests/http/tokens.rs", text), 0);
        assert_eq!(findings("crates/verify/src/layer.rs", text), 0);
        let in_a_test = "#[cfg(test)]\nmod tests {\n    use http::StatusCode;\n}";
        assert_eq!(findings("crates/server/src/http/v1/tokens.rs", in_a_test), 0);
    }
}
