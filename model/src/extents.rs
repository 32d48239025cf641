//! Extents of a periodic hypercubic lattice.

use core::fmt;
use core::ops::Deref;

use crate::error::Error;

/// Most dimensions of a lattice.
pub const MAX_DIMS: usize = 4;

/// Most sites of a lattice: 2^31, so that every index and every sum over neighbours stays in range on every target.
pub const MAX_SITES: usize = 1 << 31;

/// Extents of a lattice of 0 to 4 dimensions, slowest first; none for a single site.
///
/// The number of dimensions is always valid; the extents are checked by [`volume`](Self::volume).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Extents {
    dims: usize,
    /// Extents beyond `dims` are 0.
    of: [usize; MAX_DIMS],
}

impl Extents {
    /// Extents from a list.
    ///
    /// # Errors
    ///
    /// [`Error::Dimensions`] for more than four.
    pub fn new(list: &[usize]) -> Result<Self, Error> {
        let mut out = Self { dims: list.len(), of: [0; MAX_DIMS] };
        match out.of.get_mut(..list.len()) {
            Some(slots) => {
                for (slot, &extent) in slots.iter_mut().zip(list) {
                    *slot = extent;
                }
                Ok(out)
            }
            None => Err(Error::Dimensions { dims: list.len() }),
        }
    }

    /// `dims` equal extents.
    ///
    /// # Errors
    ///
    /// [`Error::Dimensions`] for more than four.
    pub fn cube(extent: usize, dims: usize) -> Result<Self, Error> {
        Self::new([extent; MAX_DIMS].get(..dims).ok_or(Error::Dimensions { dims })?)
    }

    /// Other extents in as many dimensions.
    #[must_use]
    pub fn map(&self, mut of: impl FnMut(usize) -> usize) -> Self {
        let mut out = *self;
        out.of.iter_mut().take(self.dims).for_each(|extent| *extent = of(*extent));
        out
    }

    /// Number of dimensions, 0 to 4.
    pub const fn dims(&self) -> usize {
        self.dims
    }

    /// The extents as an array; those beyond [`dims`](Self::dims) are 0.
    pub const fn array(&self) -> [usize; MAX_DIMS] {
        self.of
    }

    /// Number of sites.
    ///
    /// # Errors
    ///
    /// Those of [`volume`].
    pub fn volume(&self) -> Result<usize, Error> {
        volume(self)
    }
}

/// Number of sites of a lattice.
///
/// # Errors
///
/// [`Error::Dimensions`] for more than four extents, [`Error::Extent`] where one is 0, [`Error::Volume`] where the
/// product exceeds [`MAX_SITES`].
pub const fn volume(extents: &[usize]) -> Result<usize, Error> {
    if extents.len() > MAX_DIMS {
        return Err(Error::Dimensions { dims: extents.len() });
    }
    let mut volume: usize = 1;
    let mut mu = 0;
    while mu < extents.len() {
        if extents[mu] == 0 {
            return Err(Error::Extent { direction: mu });
        }
        volume = match volume.checked_mul(extents[mu]) {
            Some(sites) if sites <= MAX_SITES => sites,
            _ => return Err(Error::Volume),
        };
        mu += 1;
    }
    Ok(volume)
}

impl<const D: usize> From<[usize; D]> for Extents {
    /// At most four, or it does not compile.
    fn from(list: [usize; D]) -> Self {
        const { assert!(D <= MAX_DIMS, "a lattice has at most four dimensions") };
        let mut of = [0; MAX_DIMS];
        for (slot, extent) in of.iter_mut().zip(list) {
            *slot = extent;
        }
        Self { dims: D, of }
    }
}

impl<const D: usize> PartialEq<[usize; D]> for Extents {
    fn eq(&self, other: &[usize; D]) -> bool {
        **self == *other
    }
}

impl Deref for Extents {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        self.of.get(..self.dims).unwrap_or(&self.of)
    }
}

impl AsRef<[usize]> for Extents {
    fn as_ref(&self) -> &[usize] {
        self
    }
}

impl fmt::Debug for Extents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// `8×8`; a single site is `site`.
impl fmt::Display for Extents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("site");
        }
        for (mu, extent) in self.iter().enumerate() {
            write!(f, "{}{extent}", if mu == 0 { "" } else { "×" })?;
        }
        Ok(())
    }
}

/// `8,8`; the empty text is a single site.
impl core::str::FromStr for Extents {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WANT: &str = "expected up to four extents of at least 1, separated by commas, like 8,8";
        let mut out = Self::default();
        if text.is_empty() {
            return Ok(out);
        }
        for part in text.split(',') {
            let extent = part.trim().parse().ok().filter(|&extent| extent > 0).ok_or(WANT)?;
            *out.of.get_mut(out.dims).ok_or(WANT)? = extent;
            out.dims += 1;
        }
        Ok(out)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Extents {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Extents {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> serde::de::Visitor<'de> for List {
            type Value = Extents;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of up to four extents of at least 1, like [8, 8]")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Extents, A::Error> {
                use serde::de::Error;
                let (mut out, mut count) = (Extents::default(), 0);
                while let Some(extent) = list.next_element::<usize>()? {
                    if let Some(slot) = out.of.get_mut(count) {
                        (*slot, out.dims) = (extent, count + 1);
                    }
                    count += 1;
                }
                if count > MAX_DIMS || out.contains(&0) {
                    let first = if count > MAX_DIMS { ", …" } else { "" };
                    let text = format_args!("extent = {out:?}{first}: must be up to four numbers of at least 1");
                    return Err(A::Error::custom(text));
                }
                Ok(out)
            }
        }
        from.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_lists() {
        let square: Extents = "8, 16".parse().unwrap();
        assert_eq!(*square, [8, 16]);
        assert_eq!(square, Extents::from([8, 16]));
        assert_eq!("".parse(), Ok(Extents::default()));
        for wrong in ["0", "8,", "8,8,8,8,8", "-1", "x", "8;8"] {
            assert!(wrong.parse::<Extents>().is_err(), "{wrong:?}");
        }
        assert_eq!(Extents::new(&[1; 5]), Err(Error::Dimensions { dims: 5 }));
        assert_eq!(Extents::cube(3, 4), Extents::new(&[3; 4]));
    }

    #[test]
    fn volumes() {
        assert_eq!(Extents::default().volume(), Ok(1));
        assert_eq!(Extents::from([1 << 16, 1 << 15]).volume(), Ok(MAX_SITES));
        assert_eq!(Extents::from([1 << 16, 1 << 15, 2]).volume(), Err(Error::Volume));
        assert_eq!(Extents::from([usize::MAX, 2]).volume(), Err(Error::Volume));
        assert_eq!(Extents::from([4, 0]).volume(), Err(Error::Extent { direction: 1 }));
    }
}
