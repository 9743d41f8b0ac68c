//! Which addresses may be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far requests may go. A definition says which host is called, and often its input does: it must
/// not lead to what only this machine or its network can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, as on AWS.
    Public,
    /// Those, and this machine itself.
    Loopback,
    /// Those, and private networks.
    Private,
    /// Any address, also without TLS: for an endpoint that whoever runs this has named.
    Anywhere,
}

/// What an address is for.
#[derive(PartialEq, Eq)]
enum Scope {
    Public,
    Loopback,
    Private,
    /// Nothing that a task could want: link-local (where clouds keep their metadata), multicast,
    /// reserved.
    Special,
}

impl Reach {
    /// Whether an address may be called; if not, why.
    pub(super) fn admits(self, address: IpAddr, scheme: &str) -> Result<(), &'static str> {
        if self == Self::Anywhere {
            return Ok(());
        }
        let scope = Scope::of(address);
        if scheme != "https" && scope != Scope::Loopback {
            return Err("without TLS, only this machine may be called");
        }
        match scope {
            Scope::Public => Ok(()),
            Scope::Loopback if self == Self::Public => Err("this machine must not be called"),
            Scope::Private if self != Self::Private => Err("its network is private"),
            Scope::Loopback | Scope::Private => Ok(()),
            Scope::Special => Err("it is link-local, multicast or reserved"),
        }
    }
}

impl Scope {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// IANA's registry of special addresses.
    fn of_v4(address: Ipv4Addr) -> Self {
        let is_shared = |[a, b, ..]: [u8; 4]| a == 100 && b & 0xc0 == 64;
        let is_special = |octets: [u8; 4]| {
            matches!(
                octets,
                [0, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] | [224..=255, ..]
            )
        };
        let octets = address.octets();
        if address.is_loopback() {
            Self::Loopback
        } else if address.is_private() || is_shared(octets) {
            Self::Private
        } else if address.is_link_local() || address.is_documentation() || is_special(octets) {
            Self::Special
        } else {
            Self::Public
        }
    }

    /// Of IPv6, only global unicast is public; what carries an IPv4 address is what that is.
    fn of_v6(address: Ipv6Addr) -> Self {
        let segments = address.segments();
        if address.is_loopback() {
            return Self::Loopback;
        }
        if address.is_unique_local() {
            return Self::Private;
        }
        match segments {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                Self::of_v4(Ipv4Addr::new(a, b, c, d))
            }
            // Protocol assignments with Teredo, documentation, 6to4.
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => {
                Self::Special
            }
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Special,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(reach: Reach, address: &str) -> bool {
        reach.admits(address.parse().unwrap(), "https").is_ok()
    }

    const PUBLIC: [&str; 4] = ["8.8.8.8", "172.32.0.1", "2606:4700::1", "64:ff9b::808:808"];
    const LOOPBACK: [&str; 4] = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"];
    const PRIVATE: [&str; 7] = [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
    ];
    const SPECIAL: [&str; 11] = [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "224.0.0.1",
        "fe80::1",
        "ff02::1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "198.18.0.1",
    ];

    #[test]
    fn each_reach_goes_as_far_as_it_says() {
        for (addresses, reaches) in [
            (
                &PUBLIC[..],
                &[Reach::Public, Reach::Loopback, Reach::Private][..],
            ),
            (&LOOPBACK, &[Reach::Loopback, Reach::Private]),
            (&PRIVATE, &[Reach::Private]),
            (&SPECIAL, &[]),
        ] {
            for address in addresses {
                for reach in [Reach::Public, Reach::Loopback, Reach::Private] {
                    let expected = reaches.contains(&reach);
                    assert_eq!(admits(reach, address), expected, "{reach:?} {address}");
                }
                assert!(admits(Reach::Anywhere, address));
            }
        }
    }

    #[test]
    fn without_tls_there_is_only_this_machine() {
        let admits = |reach: Reach, address: &str| {
            let address = address.parse().unwrap();
            reach.admits(address, "http").is_ok()
        };
        assert!(admits(Reach::Loopback, "127.0.0.1"));
        assert!(!admits(Reach::Private, "8.8.8.8"));
        assert!(!admits(Reach::Private, "10.0.0.1"));
        assert!(admits(Reach::Anywhere, "10.0.0.1"));
    }
}
