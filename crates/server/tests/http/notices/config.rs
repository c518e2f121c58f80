//! `[[webhooks]]` and `[mail]` in the configuration file.

use super::{KEY, configured};

const WEBHOOK: &str = "[[webhooks]]\nname = \"ops\"\nurl = \"https://hooks.example\"\nsecret_file = \"KEY\"\nevents = [\"token.*\"]\n";
const MAIL: &str = "[mail]\nserver = \"mail.example\"\ntls = \"implicit\"\nfrom = \"jeton@tokens.example\"\n";

#[test]
fn what_is_wrong_with_a_sink_is_said_with_its_place() {
    let hook = |old: &str, new: &str| WEBHOOK.replace(old, new);
    let mail = |old: &str, new: &str| MAIL.replace(old, new);
    for (text, says) in [
        (format!("{WEBHOOK}colour = 1\n"), "FILE:6:1: unknown field `colour`"),
        (hook("\"ops\"", "\"Ops!\""), "FILE:2:8: a name has 1 to 32 characters"),
        (hook("\"ops\"", "\"mail\""), "FILE:2:8: the name `mail` is taken"),
        (format!("{WEBHOOK}{WEBHOOK}"), "FILE:7:8: the name `ops` is taken"),
        (hook("\"KEY\"", "\"/nowhere/at/all\""), "FILE:4:15: `/nowhere/at/all`: No such file"),
        (hook("\"KEY\"", "\"/dev/null\""), "FILE:4:15: `/dev/null`: it can be read by others: chmod 600"),
        (hook("[\"token.*\"]", "[]"), "FILE:5:10: name the events, or `*` for all"),
        (hook("token.*", "token.revoked"), "FILE:5:10: `token.revoked` is no event; there are `*`"),
        (hook("token.*", "token*"), "`token*` is no event"),
        (hook("token.*", "token.read"), "`token.read` is no event"),
        (hook("token.*", "nothing.*"), "`nothing.*` is no event"),
        (hook("events", "event"), "unknown field `event`"),
        (hook("secret_file = \"KEY\"\n", ""), "missing field `secret_file`"),
        (format!("{MAIL}colour = 1\n"), "FILE:5:1: unknown field `colour`"),
        (mail("mail.example", "mail example"), "FILE:2:10: a mail server is a name or an address"),
        (mail("implicit", "none"), "FILE:3:7: without TLS only a mail server on this machine"),
        (mail("implicit", "maybe"), "FILE:3:7: unknown variant `maybe`"),
        (mail("tls = \"implicit\"\n", ""), "missing field `tls`"),
        (mail("jeton@tokens.example", "nobody"), "FILE:4:8: a mail address looks like"),
        (
            mail("jeton@tokens.example", "a@b.example\\r\\nBcc: x@y.example"),
            "FILE:4:8: a mail address looks like",
        ),
        (format!("{MAIL}fallback = \"x\"\n"), "FILE:5:12: a mail address looks like"),
        (format!("{MAIL}user = \"jeton\"\n"), "`user` and `password_file` go together"),
        (
            mail("mail.example", "127.0.0.1").replace("implicit", "none")
                + "user = \"jeton\"\npassword_file = \"KEY\"\n",
            "FILE:3:7: without TLS only a mail server on this machine",
        ),
    ] {
        let error = configured(&text).unwrap_err();
        assert!(error.contains(says), "{text}\n{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_key_is_one_of_standard_webhooks() {
    for wrong in ["", "hunter2", "whsec_", "whsec_!!", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("own");
        std::fs::write(&key, wrong).unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let error = configured(&WEBHOOK.replace("KEY", &key.display().to_string())).unwrap_err();
        let says =
            if wrong.is_empty() { "it is empty" } else { "a key is `whsec_` and 24 to 64 bytes in base64" };
        assert!(error.contains(says), "{error}");
        assert!(wrong.len() < 8 || !error.contains(&format!("{wrong}`")), "{error}");
    }
}

#[test]
fn no_secret_of_a_sink_is_printed() {
    let login = "user = \"jeton\"\npassword_file = \"KEY\"\nfallback = \"Ops <ops@tokens.example>\"\n";
    let hook = WEBHOOK.replace("hooks.example", "hooks.example/services/T0/hunter2");
    let settings = configured(&format!("{hook}{MAIL}{login}")).unwrap();
    assert!(settings.mail.is_some());
    let printed = format!("{settings:?}");
    assert!(!printed.contains(KEY.trim_start_matches("whsec_")) && !printed.contains("hunter2"), "{printed}");
}
