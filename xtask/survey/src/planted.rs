//! The switches of planted defects. This file is part of a surveyed copy, where it lies in the lowest crate; the
//! sources themselves have no switch.
//!
//! `STOQUANT_PLANTED=7` switches on defect 7. `STOQUANT_REACHED=FILE` instead appends the number of each switch to the
//! file when it is first asked.

extern crate std;

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::{env, fs, io::Write as _};

/// Switches that there may be.
const MOST: usize = 1 << 14;
/// Instead of a number: the environment has not been read.
const UNREAD: u32 = u32::MAX;
/// Instead of a number: switches are noted.
const NOTED: u32 = u32::MAX - 1;

static PLANTED: AtomicU32 = AtomicU32::new(UNREAD);
static SEEN: [AtomicBool; MOST] = [const { AtomicBool::new(false) }; MOST];

/// Whether defect `number` is on. Numbers count from 1.
#[inline(always)]
pub fn planted(number: u32) -> bool {
    let on = PLANTED.load(Relaxed);
    if on < NOTED { on == number } else { first(number) }
}

#[cold]
#[inline(never)]
fn first(number: u32) -> bool {
    if PLANTED.load(Relaxed) == UNREAD {
        let on = env::var("STOQUANT_PLANTED").ok().map_or(0, |text| text.parse().expect("a number"));
        PLANTED.store(if env::var_os("STOQUANT_REACHED").is_some() { NOTED } else { on }, Relaxed);
    }
    let seen = &SEEN[number as usize];
    if PLANTED.load(Relaxed) == NOTED && !seen.load(Relaxed) && !seen.swap(true, Relaxed) {
        let name = env::var_os("STOQUANT_REACHED").expect("it was there");
        let mut file = fs::OpenOptions::new().append(true).create(true).open(name).expect("the file of switches opens");
        // One write, so that no two threads mix their lines.
        file.write_all(std::format!("{number}\n").as_bytes()).expect("a switch is noted");
    }
    PLANTED.load(Relaxed) == number
}
