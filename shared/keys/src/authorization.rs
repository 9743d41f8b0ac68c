//! The header `Authorization` of a request that is signed with Signature Version 4.
//!
//! AWS: [Add the signature to the HTTP request](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).

use crate::Refusal;

/// The only algorithm there is.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What the header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authorization<'a> {
    pub(crate) credential: Credential<'a>,
    /// Names of headers, in lower case.
    pub(crate) signed_headers: Vec<&'a str>,
    /// In hexadecimal digits.
    pub(crate) signature: &'a str,
}

/// Which key a request is signed with, and what for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Credential<'a> {
    pub(crate) key_id: &'a str,
    /// `20261126`
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl<'a> Authorization<'a> {
    pub(crate) fn read(header: &'a str) -> Result<Self, Refusal> {
        let parameters = header.trim().strip_prefix(ALGORITHM).ok_or_else(|| {
            Refusal::Incomplete(format!("Authorization header requires {ALGORITHM}"))
        })?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=').unwrap_or_default();
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(malformed()),
            };
            if place.replace(value).is_some() {
                return Err(malformed());
            }
        }
        Ok(Self {
            credential: Credential::read(credential.ok_or_else(|| missing("Credential"))?)?,
            signed_headers: signed_headers
                .ok_or_else(|| missing("SignedHeaders"))?
                .split(';')
                .collect(),
            signature: signature.ok_or_else(|| missing("Signature"))?,
        })
    }
}

impl<'a> Credential<'a> {
    fn read(text: &'a str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [key_id, date, region, service, "aws4_request"] if !key_id.is_empty() => Ok(Self {
                key_id,
                date,
                region,
                service,
            }),
            _ => Err(Refusal::Incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term"
                    .into(),
            )),
        }
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::Incomplete(format!("Authorization header requires '{name}' parameter."))
}

fn malformed() -> Refusal {
    Refusal::Incomplete(
        "Authorization header must have Credential, SignedHeaders and Signature, each once.".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIAL: &str = "Credential=K/20261126/eu-west-1/states/aws4_request";

    #[test]
    fn the_parts_are_apart_by_commas_with_or_without_blanks() {
        let tight =
            format!("AWS4-HMAC-SHA256 {CREDENTIAL},SignedHeaders=host;x-amz-date,Signature=ab");
        let wide = tight.replace(',', ", ");
        let read = Authorization::read(&wide).unwrap();
        assert_eq!(read, Authorization::read(&tight).unwrap());
        assert_eq!(read.signed_headers, ["host", "x-amz-date"]);
        assert_eq!((read.credential.key_id, read.signature), ("K", "ab"));
    }

    #[test]
    fn what_is_missing_twice_or_unknown_is_refused() {
        for header in [
            String::new(),
            "Bearer token".into(),
            "AWS4-HMAC-SHA256".into(),
            format!("AWS4-HMAC-SHA256 {CREDENTIAL}, Signature=ab"),
            format!("AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host"),
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab".into(),
            format!("AWS4-HMAC-SHA256 {CREDENTIAL}, {CREDENTIAL}, SignedHeaders=host, Signature=ab"),
            format!("AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=ab, More=1"),
            "AWS4-HMAC-SHA256 Credential=K/20261126/eu-west-1, SignedHeaders=host, Signature=ab".into(),
            "AWS4-ECDSA-P256-SHA256 Credential=K/20261126/states/aws4_request, SignedHeaders=host, Signature=ab"
                .into(),
        ] {
            let refused = Authorization::read(&header).unwrap_err();
            assert!(matches!(refused, Refusal::Incomplete(_)), "{header}");
        }
    }
}
