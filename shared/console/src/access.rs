//! Whose forms are taken.
//!
//! A browser sends a cookie along with whatever any page makes it send. What a foreign page cannot do is
//! read one of ours; so each form has a token that goes with the session, and without it nothing is done.

use sha2::{Digest, Sha256};

const COOKIE: &str = "segno-console";

/// Knows its own sessions and forms.
pub(crate) struct Access {
    secret: [u8; 32],
}

impl Access {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The session of a request, and whether it is a new one.
    pub(crate) fn session(&self, cookies: &str) -> (String, bool) {
        let sent = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='));
        let own = sent
            .filter(|(name, _)| *name == COOKIE)
            .map(|(_, value)| value);
        let known = own.into_iter().find(|value| self.is_session(value));
        match known {
            Some(session) => (session.to_owned(), false),
            None => (self.begin(), true),
        }
    }

    /// A session: something that nobody has had before, and a seal that only this server makes.
    fn begin(&self) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        format!("{id}.{}", self.seal("session", &id))
    }

    fn is_session(&self, session: &str) -> bool {
        session
            .split_once('.')
            .is_some_and(|(id, seal)| is_equal(&self.seal("session", id), seal))
    }

    /// The header that makes a browser keep a session.
    pub(crate) fn cookie(session: &str) -> String {
        format!("{COOKIE}={session}; Path=/console; HttpOnly; SameSite=Lax")
    }

    /// What forms of a session have in them.
    pub(crate) fn form_token(&self, session: &str) -> String {
        self.seal("form", session)
    }

    /// Whether a form is one of a session.
    pub(crate) fn is_own(&self, session: &str, token: Option<&str>) -> bool {
        token.is_some_and(|token| is_equal(&self.form_token(session), token))
    }

    fn seal(&self, what: &str, text: &str) -> String {
        let mut digest = Sha256::new();
        for part in [&self.secret[..], what.as_bytes(), b"\0", text.as_bytes()] {
            digest.update(part);
        }
        let seal = digest.finalize();
        seal.iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Compares without telling by the time it takes how much was right.
fn is_equal(own: &str, sent: &str) -> bool {
    let differences = own.bytes().zip(sent.bytes()).map(|(own, sent)| own ^ sent);
    own.len() == sent.len() && differences.fold(0, |all, one| all | one) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_goes_with_its_session() {
        let access = Access::new([7; 32]);
        let (session, is_new) = access.session("theme=dark");
        assert!(is_new);
        let cookies = format!("theme=dark; {COOKIE}={session}");
        assert_eq!(access.session(&cookies), (session.clone(), false));
        let token = access.form_token(&session);
        assert!(access.is_own(&session, Some(&token)));
        let (other, _) = access.session("");
        assert!(!access.is_own(&other, Some(&token)));
        assert!(!access.is_own(&session, Some("")));
        assert!(!access.is_own(&session, None));
    }

    #[test]
    fn a_session_of_another_server_is_none() {
        let (session, _) = Access::new([7; 32]).session("");
        let (_, is_new) = Access::new([8; 32]).session(&format!("{COOKIE}={session}"));
        assert!(is_new);
    }
}
