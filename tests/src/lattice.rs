//! Periodic lattices by coordinates: slow, obvious, and sharing nothing with the core's blocks and strides.

use stoquant_core::noise::{PureWords, Threefry, Words};

/// Coordinates of a site, slowest first.
pub fn coordinates(mut x: usize, extents: &[usize]) -> Vec<usize> {
    let mut c: Vec<usize> = extents
        .iter()
        .rev()
        .map(|&extent| {
            let here = x % extent;
            x /= extent;
            here
        })
        .collect();
    c.reverse();
    c
}

/// The site at these coordinates, row-major.
pub fn site(c: &[usize], extents: &[usize]) -> usize {
    c.iter().zip(extents).fold(0, |x, (c, extent)| x * extent + c)
}

/// The 2D neighbours of a site, [back, ahead] for each direction; a neighbour twice over is listed twice.
pub fn neighbours(x: usize, extents: &[usize]) -> Vec<[usize; 2]> {
    let here = coordinates(x, extents);
    let step = |mu: usize, by: usize| {
        let mut c = here.clone();
        c[mu] = (c[mu] + by) % extents[mu];
        site(&c, extents)
    };
    (0..extents.len()).map(|mu| [step(mu, extents[mu] - 1), step(mu, 1)]).collect()
}

/// A symmetry of the torus: translation, then reflections, then one exchange of two equal extents.
#[derive(Clone, Debug)]
pub struct Symmetry {
    /// Distance in every direction, taken modulo its extent.
    pub translate: [usize; 4],
    /// Directions that are reversed.
    pub reflect: [bool; 4],
    /// Two directions to exchange; ignored unless they exist and have equal extents.
    pub exchange: [usize; 2],
}

impl Symmetry {
    /// The site that each site comes from.
    pub fn origin(&self, extents: &[usize], may_exchange: bool) -> Vec<usize> {
        let [a, b] = self.exchange;
        let exchange = may_exchange && a.max(b) < extents.len() && extents[a] == extents[b];
        (0..extents.iter().product())
            .map(|x| {
                let mut c = coordinates(x, extents);
                for (mu, c) in c.iter_mut().enumerate() {
                    *c = (*c + self.translate[mu]) % extents[mu];
                    if self.reflect[mu] {
                        *c = extents[mu] - 1 - *c;
                    }
                }
                if exchange {
                    c.swap(a, b);
                }
                site(&c, extents)
            })
            .collect()
    }
}

/// The words of a moved lattice: site y has the word of `origin[y]`, its sign bit flipped or not.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// The words where they were.
    pub words: Threefry,
    /// Where each site comes from.
    pub origin: &'a [usize],
    /// η → -η.
    pub flip: bool,
}

impl Words for Moved<'_> {
    fn fill(&mut self, step: u64, first: usize, out: &mut [u32]) {
        for (slot, &x) in out.iter_mut().zip(&self.origin[first..]) {
            *slot = self.words.word(step, x) ^ u32::from(self.flip) << 31;
        }
    }
}

impl PureWords for Moved<'_> {}
