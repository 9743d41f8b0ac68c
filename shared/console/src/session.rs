//! Sessions of browsers, and whose forms are taken.
//!
//! A browser sends a cookie along with whatever any page makes it send. What a foreign page cannot do is
//! read one of ours; so each form has a token that goes with the session, and without it nothing is done.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a browser and its server know, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session(pub(crate) String);

impl Session {
    /// What forms of this session have in them.
    pub(crate) fn form_token(&self) -> String {
        seal(self.0.as_bytes(), "form")
    }

    /// Whether a form is one of this session.
    pub(crate) fn is_own(&self, token: Option<&str>) -> bool {
        let token = token.and_then(decoded);
        token.is_some_and(|token| is_sealed(self.0.as_bytes(), "form", &token))
    }
}

/// The sessions of a server whose pages are for everybody who can reach it: each browser gets one, and it
/// holds for as long as the server has its secret.
pub struct Sessions {
    secret: [u8; 32],
}

const COOKIE: &str = "segno-console";

impl Sessions {
    /// Sessions that are known by a secret that nobody can guess.
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The session of a request, and the header that makes the browser keep it if it is a new one.
    pub fn of(&self, cookies: &str) -> (Session, Option<String>) {
        let known = sent(cookies, COOKIE).find(|session| self.is_own(session));
        match known {
            Some(session) => (Session(session.to_owned()), None),
            None => {
                let session = self.begin();
                let cookie = format!("{COOKIE}={session}; Path=/console; HttpOnly; SameSite=Lax");
                (Session(session), Some(cookie))
            }
        }
    }

    /// A session: something that nobody has had before, and a seal that only this server makes.
    fn begin(&self) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let seal = seal(&self.secret, &id);
        format!("{id}.{seal}")
    }

    fn is_own(&self, session: &str) -> bool {
        session.split_once('.').is_some_and(|(id, seal)| {
            decoded(seal).is_some_and(|seal| is_sealed(&self.secret, id, &seal))
        })
    }
}

/// The values of a cookie. There may be several: other pages of the host can set one, too.
pub(crate) fn sent<'c>(cookies: &'c str, name: &str) -> impl Iterator<Item = &'c str> {
    let pairs = cookies
        .split(';')
        .filter_map(|cookie| cookie.trim().split_once('='));
    pairs
        .filter(move |(own, _)| *own == name)
        .map(|(_, value)| value)
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(text.as_bytes());
    mac
}

fn seal(key: &[u8], text: &str) -> String {
    let seal = mac(key, text).finalize().into_bytes();
    seal.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes as long whatever of it is right.
fn is_sealed(key: &[u8], text: &str, seal: &[u8]) -> bool {
    mac(key, text).verify_slice(seal).is_ok()
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_goes_with_its_session() {
        let sessions = Sessions::new([7; 32]);
        let (session, cookie) = sessions.of("theme=dark");
        let cookie = cookie.unwrap();
        let cookies = format!("theme=dark; {}", cookie.split(';').next().unwrap());
        assert_eq!(sessions.of(&cookies), (session.clone(), None));
        let token = session.form_token();
        assert!(session.is_own(Some(&token)));
        assert!(!sessions.of("").0.is_own(Some(&token)));
        for other in [None, Some(""), Some("zz"), Some(&token[2..])] {
            assert!(!session.is_own(other), "{other:?}");
        }
    }

    #[test]
    fn a_session_of_another_server_is_none() {
        let (session, _) = Sessions::new([7; 32]).of("");
        let cookies = format!("{COOKIE}={}", session.0);
        assert!(Sessions::new([8; 32]).of(&cookies).1.is_some());
        let forged = format!("{COOKIE}=x.{}", "0".repeat(64));
        assert!(Sessions::new([7; 32]).of(&forged).1.is_some());
    }
}
