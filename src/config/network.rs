//! Networks of addresses: "10.0.0.0/8", "192.168.1.7".

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// One address, or all that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network(IpNet);

/// Not a network; [`fmt::Display`] says how one is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write an address or a network, such as \"127.0.0.1\", \"10.0.0.0/8\" or \"fd00::/8\"")]
pub struct NotANetwork;

impl Network {
    /// Whether `address` lies in this network. An IPv4 address in IPv6 clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    /// The address is read by the standard library, which refuses leading zeros (`010.0.0.0` can mean
    /// two addresses); `ipnet` itself would take them.
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let Some((address, bits)) = text.split_once('/') else {
            return text.parse::<IpAddr>().map(|address| Self(address.into())).map_err(|_| NotANetwork);
        };
        let address = address.parse().map_err(|_| NotANetwork)?;
        let bits = bits.parse().map_err(|_| NotANetwork)?;
        IpNet::new(address, bits).map(Self).map_err(|_| NotANetwork)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_the_addresses_that_begin_like_it() {
        assert!(inside("10.0.0.0/8", "10.255.1.2"));
        assert!(!inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("127.0.0.1", "127.0.0.1"));
        assert!(!inside("127.0.0.1", "127.0.0.2"));
        assert!(inside("fd00::/8", "fd12::1"));
        assert!(inside("::/0", "2001:db8::1"));
        assert!(!inside("::/0", "10.0.0.1"));
        assert!(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(inside("10.9.8.7/8", "10.1.2.3"), "bits beyond the length don't count");
        assert!(inside("0.0.0.0/0", "203.0.113.9"));
        assert_eq!("10.9.8.7/8".parse::<Network>().unwrap().to_string(), "10.9.8.7/8");
        assert_eq!("fd00::1".parse::<Network>().unwrap().to_string(), "fd00::1/128");
        for wrong in ["", "10.0.0.0/33", "localhost", "10.0.0.0/", "10.0.0/8", "010.0.0.0/8", "fd00::/129"] {
            assert_eq!(wrong.parse::<Network>(), Err(NotANetwork), "{wrong}");
        }
    }
}
