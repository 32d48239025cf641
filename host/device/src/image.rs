//! Images of the quantised score on a board: chains stage by stage, and configurations one after the other.

use stoquant_core::score::int8::{Image, Sampler, Shape};
use stoquant_link::description::{Description, ROOM};
use stoquant_link::message::{Buffer, MAX_DATA, Reply, Request, Sums};

use super::board::{Device, Inner};
use super::client::LinkError;
use stoquant_experiment::experiment::InputError;

impl Device {
    /// Refuses what the board is known not to run. Its scratch memory is not known: for that it refuses itself.
    pub fn check_image(&self, image: &Image<'_>) -> Result<(), InputError> {
        let (id, shape) = (self.identity(), image.shape());
        let (target, extent, bytes) = (id.target(), shape.extent, shape.bytes());
        if id.image == 0 {
            return Err(InputError(format!("{target} does not run images")));
        }
        if bytes > id.image as usize {
            return Err(InputError(format!("the image has {bytes} bytes: {target} has room for {}", id.image)));
        }
        if id.coefficients {
            return ROOM.check(image).map_err(|error| InputError(format!("{target}: {error}")));
        }
        if image.sampler() == Sampler::Flow {
            return Err(InputError::new(
                "the image is one of a flow: boards with a processor run the reverse SDE alone \
                 (`quantize --sampler ancestral`)",
            ));
        }
        // Two modes lie in the word of a site.
        let most = 2 * id.sites as usize;
        if extent * extent > most {
            return Err(InputError(format!("the image has {extent}×{extent} modes: {target} has room for {most}")));
        }
        Ok(())
    }

    /// Refuses a board that does not draw by itself.
    pub fn check_sums(&self) -> Result<(), InputError> {
        let id = self.identity();
        if id.image == 0 || !id.sums {
            return Err(InputError(format!("{} does not sum configurations of an image", id.target())));
        }
        Ok(())
    }

    /// Configurations `0..count` of a seed, those of [`Generator`](stoquant_diffusion::int8::Generator), φ of the
    /// format [`PHI`](stoquant_core::score::int8::format::PHI); `each` is called with one after the other, and must not
    /// ask the board for anything.
    ///
    /// The image is written once. A board that is reset is given it again, and begins the configuration anew.
    pub fn draw(
        &self,
        bytes: &[u8],
        shape: &Shape,
        seed: u64,
        count: u32,
        mut each: impl FnMut(Vec<i16>),
    ) -> Result<(), LinkError> {
        let mut inner = self.lock();
        let mut written = false;
        for chain in 0..count {
            let made = inner.attempt(|inner| {
                // Whatever fails from here on, the next attempt writes it.
                if !std::mem::take(&mut written) {
                    inner.write_image(bytes)?;
                }
                let (extent, stages, _) = inner.start_image(bytes.len(), seed, chain)?;
                let expected = (extent, stages) == (shape.extent, shape.stages);
                if !expected || inner.run_image(stages as u32)? != stages as u64 {
                    return Err(LinkError::Protocol);
                }
                let phi = inner.finish_image(extent * extent)?;
                written = true;
                Ok(phi)
            });
            let Ok(phi) = made else { return Err(inner.failure.take().unwrap_or(LinkError::Protocol)) };
            each(phi);
        }
        Ok(())
    }

    /// Sums of configurations `0..count` of a seed, as the board makes them by itself: φ does not come over the line.
    /// They are in the units of [`PHI`](stoquant_core::score::int8::format::PHI); `each` is called as by
    /// [`draw`](Self::draw).
    ///
    /// A board that is reset is given the image again, and draws anew what has not been read.
    pub fn draw_sums(
        &self,
        bytes: &[u8],
        shape: &Shape,
        seed: u64,
        count: u32,
        mut each: impl FnMut(Sums),
    ) -> Result<(), LinkError> {
        let mut inner = self.lock();
        let mut started = false;
        let mut first = 0;
        while first < count {
            let now = (count - first).min(Sums::KEPT);
            let made = inner.attempt(|inner| {
                // Whatever fails from here on, the next attempt starts it.
                if !std::mem::take(&mut started) {
                    inner.write_image(bytes)?;
                    let (extent, stages, _) = inner.start_image(bytes.len(), seed, first)?;
                    if (extent, stages) != (shape.extent, shape.stages) {
                        return Err(LinkError::Protocol);
                    }
                }
                let sums = inner.draw_sums(first, now)?;
                started = true;
                Ok(sums)
            });
            let Ok(sums) = made else { return Err(inner.failure.take().unwrap_or(LinkError::Protocol)) };
            sums.into_iter().for_each(&mut each);
            first += now;
        }
        Ok(())
    }

    /// Writes an image and starts a chain of it: its extent and stages, and M/M_max.
    pub fn image(&self, bytes: &[u8], seed: u64, chain: u32) -> Result<(usize, usize, i16), LinkError> {
        let mut inner = self.lock();
        inner.write_image(bytes)?;
        inner.start_image(bytes.len(), seed, chain)
    }

    /// So many stages.
    pub fn run_image(&self, stages: u32) -> Result<u64, LinkError> {
        self.lock().run_image(stages)
    }

    /// The modes u.
    pub fn modes(&self, volume: usize) -> Result<Vec<i16>, LinkError> {
        self.lock().numbers(Buffer::Field, volume)
    }

    /// φ of an image's chain.
    pub fn finish_image(&self, volume: usize) -> Result<Vec<i16>, LinkError> {
        self.lock().finish_image(volume)
    }
}

/// Bytes of an image in a frame: whole words of 16 bits.
const PART: usize = MAX_DATA & !1;

impl Inner {
    /// Writes an image; and what its header says, for a board that reads none.
    fn write_image(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        // What is no image is described by zeros: the board refuses it.
        let of = |image: Image<'_>| Description::of(&image, bytes).bytes();
        let description = Image::new(bytes).map_or([0; Description::BYTES], of);
        let mut parts: Vec<Request<'_>> = bytes
            .chunks(PART)
            .enumerate()
            .map(|(n, bytes)| Request::Write { buffer: Buffer::Image, first: (n * PART) as u32, bytes })
            .collect();
        if self.identity.coefficients {
            parts.push(Request::Describe(&description));
        }
        self.client.all(&parts, |_, reply| reply == Reply::Done)
    }

    /// A chain of the image that the board holds: its extent and stages, and M/M_max.
    fn start_image(&mut self, length: usize, seed: u64, chain: u32) -> Result<(usize, usize, i16), LinkError> {
        // It takes the place of a lattice's.
        (self.loaded, self.ran) = (None, None);
        let length = length as u32;
        self.client.call(&Request::Image { length, seed, chain }, |reply| match reply {
            Reply::Image { extent, stages, m } => Some((usize::from(extent), usize::from(stages), m)),
            _ => None,
        })
    }

    /// So many stages; how many there have been.
    fn run_image(&mut self, stages: u32) -> Result<u64, LinkError> {
        self.client.call(&Request::Run { sweeps: stages, measure: false }, |reply| match reply {
            Reply::State(state, _) => Some(state.step),
            _ => None,
        })
    }

    /// Configurations by the board alone, [`Sums::KEPT`] at most; their sums.
    fn draw_sums(&mut self, first: u32, count: u32) -> Result<Vec<Sums>, LinkError> {
        self.client.call(&Request::Draw { chain: first, count }, |reply| match reply {
            Reply::State(state, _) if state.step == u64::from(count) => Some(()),
            _ => None,
        })?;
        let words: Vec<u16> =
            self.words(Buffer::Sums, Sums::DRAWN * count as usize, 2)?.into_iter().map(|word| word as u16).collect();
        Ok(words.as_chunks().0.iter().map(Sums::of_words).collect())
    }

    fn finish_image(&mut self, volume: usize) -> Result<Vec<i16>, LinkError> {
        self.client.call(&Request::Finish, |reply| (reply == Reply::Done).then_some(()))?;
        self.numbers(Buffer::Phi, volume)
    }

    fn numbers(&mut self, buffer: Buffer, count: usize) -> Result<Vec<i16>, LinkError> {
        Ok(self.words(buffer, count, 2)?.into_iter().map(|word| word as i16).collect())
    }
}
