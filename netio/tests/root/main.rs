//! What needs root: network namespaces with veth pairs, made and removed by each test.

#[cfg(test)]
mod adoption;
#[cfg(test)]
mod device;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod long;
#[cfg(test)]
mod netlink;
#[cfg(test)]
mod steering;
#[cfg(test)]
mod xdp;
