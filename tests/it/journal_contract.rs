//! What the journal promises, whatever it is stored on: ONE suite, run on files and in memory.
//!
//! Damage is made on an image whose groups are known: it is built in memory with held syncs and then laid
//! into either storage, since the bytes are the same. The faults that only memory can arm are in `journal_faults`.

use holdfast::journal::{
    Damage, ENTRY_BYTES_MAX, Error, FileStorage, Found, Frame, Journal, Lsn, MemoryStorage,
    Options, Owners, Parts, Place, Recovered, Refused, Storage, survey,
};
use proptest::prelude::*;

/// The least a segment may have, so that few entries fill one.
pub const SMALL: Options = Options {
    segment_bytes: 70_000,
    queue_bytes_max: 4 << 20,
    queue_entries_max: 16_384,
    epoch_at_least: 1,
};

/// The length of a segment's header.
const HEADER: usize = 40;
/// Where the second of the large entries begins.
const SECOND: u64 = HEADER as u64 + 30_044;

/// A place to keep a journal that a test can look into and damage.
trait Lab {
    fn new() -> Self;
    fn storage(&self) -> Result<Box<dyn Storage>, Error>;
    fn read(&self, number: u64) -> Vec<u8>;
    fn replace(&self, number: u64, bytes: &[u8]);
    fn name(&self, number: u64) -> String;

    /// The same for a segment that is sealed and read-only.
    fn rewrite(&self, number: u64, bytes: &[u8]) {
        let _ = std::fs::remove_file(self.name(number));
        self.replace(number, bytes);
    }

    fn remove(&self, number: u64);
    fn remove_index(&self, number: u64);

    fn index(&self, number: u64) -> Option<Vec<u8>> {
        self.storage().unwrap().read_index(number).unwrap()
    }

    fn replace_index(&self, number: u64, bytes: &[u8]) {
        self.storage().unwrap().write_index(number, bytes).unwrap();
    }

    fn open(&self, options: Options) -> Result<(Journal, Recovered), Error> {
        Journal::open(self.storage()?, options)
    }
}

struct Files(tempfile::TempDir);

impl Lab for Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn storage(&self) -> Result<Box<dyn Storage>, Error> {
        Ok(Box::new(FileStorage::open(self.0.path())?))
    }

    fn read(&self, number: u64) -> Vec<u8> {
        std::fs::read(self.name(number)).unwrap()
    }

    fn replace(&self, number: u64, bytes: &[u8]) {
        std::fs::write(self.name(number), bytes).unwrap();
    }

    fn remove(&self, number: u64) {
        std::fs::remove_file(self.name(number)).unwrap();
    }

    fn remove_index(&self, number: u64) {
        std::fs::remove_file(self.name(number).replace(".journal", ".index")).unwrap();
    }

    fn name(&self, number: u64) -> String {
        self.0
            .path()
            .join(format!("{number:010}.journal"))
            .display()
            .to_string()
    }
}

struct Memory(MemoryStorage);

impl Lab for Memory {
    fn new() -> Memory {
        Memory(MemoryStorage::new())
    }

    fn storage(&self) -> Result<Box<dyn Storage>, Error> {
        Ok(Box::new(self.0.clone()))
    }

    fn read(&self, number: u64) -> Vec<u8> {
        self.0.read(number).unwrap()
    }

    fn replace(&self, number: u64, bytes: &[u8]) {
        self.0.replace(number, bytes.to_vec());
    }

    fn remove(&self, number: u64) {
        self.0.remove_segment(number);
    }

    fn remove_index(&self, number: u64) {
        self.0.remove_index(number);
    }

    fn name(&self, number: u64) -> String {
        self.0.name(number)
    }
}

macro_rules! contract {
    ($($behaviour:ident),* $(,)?) => {
        mod on_files {
            $(#[test] fn $behaviour() { super::$behaviour::<super::Files>(); })*
        }
        mod in_memory {
            $(#[test] fn $behaviour() { super::$behaviour::<super::Memory>(); })*
        }
    };
}

contract! {
    a_new_journal_is_empty_and_rests_on_nothing,
    what_was_appended_is_there_after_reopening_in_order,
    positions_have_no_gaps_over_segments_and_reopenings,
    full_segments_are_sealed_without_their_zeros,
    an_entry_over_the_limit_is_refused_and_one_at_the_limit_is_taken,
    a_closed_journal_refuses_and_keeps_what_it_took,
    four_threads_lose_and_repeat_nothing,
    a_torn_tail_at_any_byte_is_cut_to_a_clean_prefix,
    a_flipped_bit_in_the_middle_costs_one_entry_that_is_named,
    a_missing_segment_is_named,
    a_missing_segment_costs_those_whom_its_index_names,
    a_sealed_segment_has_an_index_that_is_made_again_when_it_is_not_right,
    what_an_index_lists_is_the_same_as_reading_it,
    a_segment_under_another_name_is_refused,
    a_repeated_segment_is_refused,
    a_bad_end_before_a_used_segment_is_damage_and_no_torn_tail,
    a_cut_or_emptied_sealed_segment_costs_what_it_held,
    a_damaged_header_costs_nothing,
    damage_before_a_torn_header_is_refused_because_nobody_can_tell_what_is_lost,
    an_unknown_format_is_refused_by_its_number,
    a_restored_journal_goes_on_in_a_new_segment_of_a_higher_epoch,
    an_erased_personal_part_is_read_as_erased,
    reading_twice_gives_the_same_and_nothing_appended_since,
    every_entry_is_found_again_by_its_place_while_the_writer_goes_on,
    a_stream_s_rows_lead_to_its_entries_and_to_no_others,
    a_place_that_holds_no_whole_entry_is_damage_and_no_entry,
    a_closed_journal_recalls_nothing_and_keeps_no_directory,
}

fn a_new_journal_is_empty_and_rests_on_nothing<L: Lab>() {
    let lab = L::new();
    let (journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!((journal.head(), recovered.survey.frames), (Lsn::ZERO, 0));
    assert_eq!(frames(&recovered), []);
    assert_eq!(journal.barrier().wait_blocking(), Ok(()));
    journal.close().unwrap();
}

fn what_was_appended_is_there_after_reopening_in_order<L: Lab>() {
    let lab = L::new();
    let (journal, _) = lab.open(SMALL).unwrap();
    let mut wanted = Vec::new();
    for number in 1..=50_u8 {
        let personal: &[u8] = if number % 3 == 0 { &[number; 9] } else { &[] };
        let covered = vec![number; usize::from(number)];
        let lsn = journal
            .append(Parts {
                stream: u128::from(number % 4),
                covered: &covered,
                personal,
            })
            .unwrap()
            .lsn;
        wanted.push((lsn, u128::from(number % 4), covered, personal.to_vec()));
    }
    journal.barrier().wait_blocking().unwrap();
    journal.close().unwrap();
    let (_journal, recovered) = lab.open(SMALL).unwrap();
    let found: Vec<_> = frames(&recovered)
        .into_iter()
        .map(|frame| {
            (
                frame.lsn,
                frame.stream,
                frame.covered,
                frame.personal.unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(found, wanted);
}

fn positions_have_no_gaps_over_segments_and_reopenings<L: Lab>() {
    let lab = L::new();
    let large = vec![1; 20_000];
    for round in 0..3_u64 {
        let (journal, recovered) = lab.open(SMALL).unwrap();
        assert_eq!(recovered.survey.head, Lsn(round * 10));
        for number in 1..=10 {
            assert_eq!(
                append_when_there_is_room(&journal, &large),
                Lsn(round * 10 + number)
            );
        }
        journal.close().unwrap();
    }
    let survey = survey(&*lab.storage().unwrap()).unwrap();
    assert_eq!(
        (survey.frames, survey.head, survey.torn_bytes),
        (30, Lsn(30), 0)
    );
    assert!(
        survey.segments >= 10,
        "three such entries fill a segment, {} found",
        survey.segments
    );
}

fn full_segments_are_sealed_without_their_zeros<L: Lab>() {
    let lab = L::new();
    let (journal, _) = lab.open(SMALL).unwrap();
    for _ in 0..4 {
        append_when_there_is_room(&journal, &[7; 30_000]);
    }
    journal.close().unwrap();
    assert_eq!(lab.read(1).len(), HEADER + 2 * (44 + 30_000));
    assert_eq!(lab.read(1).last(), Some(&7));
    // A segment that a crash left unsealed is sealed by the next start, and reads the same before and after.
    let mut unsealed = lab.read(1);
    unsealed.resize(70_000, 0);
    let sealed = lab.read(1);
    if std::fs::metadata(lab.name(1)).is_ok() {
        std::fs::remove_file(lab.name(1)).unwrap();
    }
    lab.replace(1, &unsealed);
    let (journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!(recovered.survey.frames, 4);
    journal.close().unwrap();
    assert_eq!(lab.read(1), sealed);
}

fn an_entry_over_the_limit_is_refused_and_one_at_the_limit_is_taken<L: Lab>() {
    let lab = L::new();
    let (journal, _) = lab.open(SMALL).unwrap();
    let most = vec![3; ENTRY_BYTES_MAX];
    let over = Parts {
        stream: 1,
        covered: &most,
        personal: b"x",
    };
    assert_eq!(journal.append(over), Err(Refused::TooLarge));
    assert_eq!(journal.head(), Lsn::ZERO);
    let largest = Parts {
        stream: 1,
        covered: b"",
        personal: &most,
    };
    assert_eq!(journal.append(largest).map(|taken| taken.lsn), Ok(Lsn(1)));
    journal.close().unwrap();
    let (_journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!(frames(&recovered)[0].personal.as_ref(), Some(&most));
}

fn a_closed_journal_refuses_and_keeps_what_it_took<L: Lab>() {
    let lab = L::new();
    let (journal, _) = lab.open(SMALL).unwrap();
    let other = journal.clone();
    journal.append(parts(b"kept")).unwrap();
    journal.close().unwrap();
    assert_eq!(other.append(parts(b"late")), Err(Refused::Stopped));
    assert_eq!(other.durability().watermark(), Lsn(1));
    assert_eq!(other.durability().reached(Lsn(1)).wait_blocking(), Ok(()));
    assert!(other.durability().reached(Lsn(2)).wait_blocking().is_err());
}

fn four_threads_lose_and_repeat_nothing<L: Lab>() {
    const EACH: u64 = 10_000;
    let lab = L::new();
    let options = Options {
        segment_bytes: 1 << 20,
        ..SMALL
    };
    let (journal, _) = lab.open(options).unwrap();
    std::thread::scope(|scope| {
        for stream in 0..4_u128 {
            let journal = journal.clone();
            scope.spawn(move || {
                for number in 0..EACH {
                    let covered = number.to_le_bytes();
                    let lsn = taken(
                        &journal,
                        Parts {
                            stream,
                            covered: &covered,
                            personal: b"name",
                        },
                    );
                    if number % 100 == 0 {
                        journal.durability().reached(lsn).wait_blocking().unwrap();
                    }
                }
            });
        }
    });
    journal.close().unwrap();
    let (_journal, recovered) = lab.open(options).unwrap();
    let mut next = [0_u64; 4];
    for frame in frames(&recovered) {
        let stream = usize::try_from(frame.stream).unwrap();
        assert_eq!(frame.covered, next[stream].to_le_bytes());
        next[stream] += 1;
    }
    assert_eq!(next, [EACH; 4]);
}

fn a_torn_tail_at_any_byte_is_cut_to_a_clean_prefix<L: Lab>() {
    let image = Image::new(&[1, 2, 3]);
    let lab = L::new();
    for cut in image.frames[3].start..=image.end() {
        let mut torn = image.bytes.clone();
        torn[cut..].fill(0);
        lab.replace(1, &torn);
        let (journal, recovered) = lab.open(SMALL).unwrap();
        let whole = image.frames.iter().filter(|frame| frame.end <= cut).count() as u64;
        let kept = image
            .frames
            .iter()
            .map(|frame| frame.end)
            .filter(|end| *end <= cut)
            .max()
            .unwrap();
        let last_set = torn.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let torn_bytes = last_set.saturating_sub(kept);
        assert_eq!(
            (recovered.survey.frames, recovered.survey.torn_bytes),
            (whole, torn_bytes as u64),
            "cut at {cut}"
        );
        let taken = journal.append(parts(b"after")).unwrap();
        assert_eq!(taken.lsn, Lsn(whole + 1));
        drop(recovered);
        journal.close().unwrap();
        let survey = survey(&*lab.storage().unwrap()).unwrap();
        assert_eq!(
            (survey.head, survey.torn_bytes),
            (Lsn(whole + 1), 0),
            "cut at {cut}"
        );
    }
}

fn a_flipped_bit_in_the_middle_costs_one_entry_that_is_named<L: Lab>() {
    let image = Image::new(&[1, 2, 3, 1]);
    let lab = L::new();
    let last_group = image.frames[6].start;
    for position in 0..last_group {
        let mut damaged = image.bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        lab.replace(1, &damaged);
        let hit = image
            .frames
            .iter()
            .position(|frame| frame.contains(&position));
        let (journal, recovered) = lab.open(SMALL).unwrap();
        let found = damages(&recovered);
        assert_eq!(found, recovered.survey.damages);
        // Whether that is half an erasure is for whoever has the key.
        let bent: Vec<_> = frames(&recovered);
        let bent: Vec<_> = bent
            .iter()
            .filter(|frame| frame.personal_is_damaged)
            .collect();
        if let [frame] = bent[..] {
            let hit = hit.expect("a personal part is within a frame");
            assert!(found.is_empty() && position >= image.frames[hit].end - PERSONAL.len());
            assert_eq!(frame.lsn, Lsn(hit as u64 + 1));
            drop(recovered);
            journal.close().unwrap();
            continue;
        }
        let [damage] = &found[..] else {
            panic!("flip at {position}: {found:?}");
        };
        assert_eq!(damage.file, lab.name(1));
        let (offset, lost) = hit.map_or((0, None), |hit| (image.frames[hit].start, Some(hit)));
        assert_eq!(damage.place.offset, offset as u64, "flip at {position}");
        let lost = lost.map(|hit| Lsn(hit as u64 + 1));
        assert_eq!((damage.lost == 1).then_some(damage.first), lost);
        let kept: Vec<_> = frames(&recovered).iter().map(|frame| frame.lsn).collect();
        let wanted = (1..=7).map(Lsn).filter(|lsn| Some(*lsn) != lost);
        assert_eq!(kept, wanted.collect::<Vec<_>>(), "flip at {position}");
        let (Owners::Known(owners) | Owners::Claimed(owners)) = &damage.owners;
        let in_stream = hit.is_some_and(|hit| {
            let stream = image.frames[hit].start + 28;
            (stream..stream + 16).contains(&position)
        });
        assert!(
            lost.is_none() || in_stream || owners.contains(&5),
            "flip at {position}: {owners:?}"
        );
        assert_eq!(journal.append(parts(b"on")).unwrap().lsn, Lsn(8));
        drop(recovered);
        journal.close().unwrap();
        assert_eq!(lab.read(1)[..image.end()], damaged[..image.end()]);
    }
}

fn a_missing_segment_is_named<L: Lab>() {
    let image = Image::new(&[1]);
    let lab = L::new();
    lab.replace(2, &image.bytes);
    match lab.open(SMALL) {
        Err(Error::Missing { file }) => assert_eq!(file, lab.name(1)),
        other => panic!("{other:?}"),
    }
}

fn a_missing_segment_costs_those_whom_its_index_names<L: Lab>() {
    let lab = five_entries::<L>();
    lab.remove(2);
    let (journal, recovered) = lab.open(SMALL).unwrap();
    let found = damages(&recovered);
    assert_eq!(found, recovered.survey.damages);
    let [damage] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (&damage.file, damage.first, damage.lost),
        (&lab.name(2), Lsn(3), 2)
    );
    assert_eq!(damage.owners, Owners::Known(vec![1]));
    let left: Vec<_> = recovered.rows(1, Lsn::ZERO).unwrap();
    let left: Vec<_> = left.iter().map(|row| row.lsn.0).collect();
    assert_eq!(left, [1, 2, 5]);
    drop(recovered);
    journal.close().unwrap();
    lab.remove_index(2);
    assert!(matches!(lab.open(SMALL), Err(Error::Missing { .. })));
}

fn a_sealed_segment_has_an_index_that_is_made_again_when_it_is_not_right<L: Lab>() {
    let lab = five_entries::<L>();
    let indexes = [1, 2].map(|number| lab.index(number).expect("it is sealed"));
    assert_eq!(lab.index(3), None, "it is being written");
    let mut other = lab.read(1);
    other.truncate(SECOND as usize);
    let bent = |at: usize| {
        let mut bent = indexes[0].clone();
        bent[at] ^= 1;
        bent
    };
    let wrong = [
        None,
        Some(vec![]),
        Some(bent(60)),
        Some(bent(20)),
        Some(indexes[1].clone()),
    ];
    for wrong in wrong {
        match &wrong {
            None => lab.remove_index(1),
            Some(wrong) => lab.replace_index(1, wrong),
        }
        let (journal, recovered) = lab.open(SMALL).unwrap();
        let survey = &recovered.survey;
        assert_eq!(
            (survey.segments, survey.frames, survey.by_index),
            (3, 5, 1),
            "{wrong:?}"
        );
        drop(recovered);
        journal.close().unwrap();
        assert_eq!(lab.index(1).as_ref(), Some(&indexes[0]), "{wrong:?}");
    }
    let (_journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!(recovered.survey.by_index, 2);
}

fn what_an_index_lists_is_the_same_as_reading_it<L: Lab>() {
    let lab = L::new();
    let (journal, _) = lab.open(SMALL).unwrap();
    for number in 0..100 {
        let covered = entry_of(number);
        taken(
            &journal,
            Parts {
                stream: u128::from(number % 3),
                covered: &covered,
                personal: b"",
            },
        );
    }
    journal.close().unwrap();
    let look = |indexed: bool| {
        let (journal, recovered) = lab.open(SMALL).unwrap();
        assert_eq!(recovered.survey.by_index > 5, indexed);
        let streams = recovered.streams();
        let rows = streams
            .iter()
            .map(|one| recovered.rows(*one, Lsn(7)).unwrap());
        let survey = &recovered.survey;
        let seen = (
            rows.collect::<Vec<_>>(),
            survey.frames,
            survey.head,
            frames(&recovered),
        );
        drop(recovered);
        journal.close().unwrap();
        seen
    };
    let by_index = look(true);
    let many = lab.storage().unwrap().segments().unwrap();
    many.iter()
        .filter(|one| lab.index(**one).is_some())
        .for_each(|one| lab.remove_index(*one));
    assert_eq!(look(false), by_index);
    assert_eq!(look(true), by_index);
}

fn a_segment_under_another_name_is_refused<L: Lab>() {
    let image = Image::new(&[1, 1]);
    let lab = L::new();
    lab.replace(1, &with_header(&image.bytes, |header| header[16] = 2));
    match lab.open(SMALL) {
        Err(Error::Corrupt { file, reason, .. }) => {
            assert_eq!(file, lab.name(1));
            assert!(reason.contains("segment 2"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

fn a_repeated_segment_is_refused<L: Lab>() {
    let image = Image::new(&[1, 1]);
    let lab = L::new();
    lab.replace(1, &image.bytes);
    lab.replace(2, &with_header(&image.bytes, |header| header[16] = 2));
    match lab.open(SMALL) {
        Err(Error::Corrupt {
            file,
            offset: 0,
            lsn: Lsn(3),
            ..
        }) => assert_eq!(file, lab.name(2)),
        other => panic!("{other:?}"),
    }
}

/// Two sealed segments of two entries each, and one that goes on.
fn five_entries<L: Lab>() -> L {
    let lab = L::new();
    let (journal, _) = lab.open(SMALL).unwrap();
    for _ in 0..5 {
        append_when_there_is_room(&journal, &[7; 30_000]);
    }
    journal.close().unwrap();
    lab
}

/// Opens and says where the one damage is: segment, offset, first entry that is lost, how many are. With the indexes, which
/// know whose they were, and without.
fn one_damage<L: Lab>(lab: &L) -> (u64, u64, u64, u64) {
    let mut said = Vec::new();
    for (has_index, round) in [(true, 1), (false, 2), (false, 3)] {
        if round == 2 {
            (1..=2)
                .filter(|one| lab.index(*one).is_some())
                .for_each(|one| lab.remove_index(one));
        }
        let (journal, recovered) = lab.open(SMALL).unwrap();
        let found = damages(&recovered);
        let [damage] = &found[..] else {
            panic!("{found:?}");
        };
        let frames = frames(&recovered).len() as u64;
        assert_eq!((frames + damage.lost, recovered.survey.head), (5, Lsn(5)));
        if has_index {
            let owners = if damage.lost == 0 { vec![] } else { vec![1] };
            assert_eq!(damage.owners, Owners::Known(owners));
        } else {
            assert_eq!(
                (&found, frames),
                (&recovered.survey.damages, recovered.survey.frames)
            );
        }
        drop(recovered);
        journal.close().unwrap();
        let Place { segment, offset } = damage.place;
        said.push((segment, offset, damage.first.0, damage.lost));
    }
    // The indexes that the second made let no later start go past the damage.
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    said[0]
}

fn a_bad_end_before_a_used_segment_is_damage_and_no_torn_tail<L: Lab>() {
    let lab = five_entries::<L>();
    let mut first = lab.read(1);
    *first.last_mut().unwrap() ^= 1;
    lab.rewrite(1, &first);
    assert_eq!(one_damage(&lab), (1, SECOND, 2, 1));
}

fn a_cut_or_emptied_sealed_segment_costs_what_it_held<L: Lab>() {
    let sealed = five_entries::<L>().read(1);
    let header = HEADER as u64;
    for (kept, wanted) in [
        (0, (1, 0, 1, 2)),
        (HEADER - 1, (1, 0, 1, 2)),
        (HEADER, (1, header, 1, 2)),
        (40_000, (1, SECOND, 2, 1)),
        (SECOND as usize, (1, SECOND, 2, 1)),
        (sealed.len() - 1, (1, SECOND, 2, 1)),
    ] {
        let lab = five_entries::<L>();
        lab.rewrite(1, &sealed[..kept]);
        assert_eq!(one_damage(&lab), wanted, "cut to {kept}");
    }
    for number in [1, 2] {
        let lab = five_entries::<L>();
        lab.rewrite(number, &vec![0; sealed.len()]);
        let first = 2 * number - 1;
        assert_eq!(one_damage(&lab), (number, 0, first, 2), "zeros in {number}");
    }
}

fn a_damaged_header_costs_nothing<L: Lab>() {
    for number in [1, 2] {
        let lab = five_entries::<L>();
        let mut bytes = lab.read(number);
        bytes[..HEADER].fill(0xAA);
        lab.rewrite(number, &bytes);
        assert_eq!(one_damage(&lab), (number, 0, 2 * number - 1, 0));
    }
    // The last one's: nothing later proves that its first entry was ever confirmed.
    let lab = five_entries::<L>();
    let mut bytes = lab.read(3);
    bytes[3] ^= 1;
    lab.rewrite(3, &bytes);
    let (journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!(
        (recovered.survey.head, damages(&recovered)),
        (Lsn(4), vec![])
    );
    journal.close().unwrap();
}

fn damage_before_a_torn_header_is_refused_because_nobody_can_tell_what_is_lost<L: Lab>() {
    let lab = five_entries::<L>();
    lab.remove_index(2);
    let mut bytes = lab.read(2);
    *bytes.last_mut().unwrap() ^= 1;
    lab.rewrite(2, &bytes);
    let mut bytes = lab.read(3);
    bytes[3] ^= 1;
    bytes[HEADER] ^= 1;
    lab.rewrite(3, &bytes);
    match lab.open(SMALL) {
        Err(Error::Corrupt {
            file,
            offset: SECOND,
            lsn: Lsn(4),
            ..
        }) => assert_eq!(file, lab.name(2)),
        other => panic!("{other:?}"),
    }
    assert_eq!(lab.read(3), bytes, "a refused journal is left as it was");
}

fn an_unknown_format_is_refused_by_its_number<L: Lab>() {
    let bytes = with_header(&Image::new(&[1]).bytes, |header| header[8] = 9);
    let lab = L::new();
    lab.replace(1, &bytes);
    match lab.open(SMALL) {
        Err(Error::UnknownFormat { version: 9, .. }) => {}
        other => panic!("{other:?}"),
    }
}

fn a_restored_journal_goes_on_in_a_new_segment_of_a_higher_epoch<L: Lab>() {
    let restored = Options {
        epoch_at_least: 2,
        ..SMALL
    };
    let lab = L::new();
    for (options, epoch, segment) in [
        (SMALL, 1, 1),
        (SMALL, 1, 1),
        (restored, 2, 2),
        (SMALL, 2, 2),
    ] {
        let (journal, recovered) = lab.open(options).unwrap();
        let taken = journal.append(parts(b"one")).unwrap();
        assert_eq!(taken.lsn, recovered.survey.head.next());
        assert_eq!(taken.place.segment, segment);
        drop(recovered);
        journal.close().unwrap();
        let survey = survey(&*lab.storage().unwrap()).unwrap();
        assert_eq!((survey.epoch, survey.head), (epoch, taken.lsn));
    }
    // A segment from before the restore beside those from after it.
    lab.replace(2, &with_header(&lab.read(2), |header| header[32] = 3));
    let (journal, _) = lab
        .open(Options {
            epoch_at_least: 4,
            ..SMALL
        })
        .unwrap();
    append_when_there_is_room(&journal, b"in the third");
    journal.close().unwrap();
    lab.replace(3, &with_header(&lab.read(3), |header| header[32] = 2));
    match lab.open(SMALL) {
        Err(Error::Corrupt { file, reason, .. }) => {
            assert_eq!(file, lab.name(3));
            assert!(reason.contains("restored"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

fn an_erased_personal_part_is_read_as_erased<L: Lab>() {
    let image = Image::new(&[1, 1, 1]);
    let lab = L::new();
    let mut erased = image.bytes.clone();
    let end = image.frames[1].end;
    erased[end - PERSONAL.len()..end].fill(0xEE);
    lab.replace(1, &erased);
    let (_journal, recovered) = lab.open(SMALL).unwrap();
    let found = frames(&recovered);
    let personal: Vec<_> = found.iter().map(|frame| frame.personal.is_some()).collect();
    assert_eq!(personal, [true, false, true]);
    assert_eq!(found[1].personal_digest, found[0].personal_digest);
}

fn reading_twice_gives_the_same_and_nothing_appended_since<L: Lab>() {
    let lab = L::new();
    lab.replace(1, &Image::new(&[1, 3]).bytes);
    let (journal, recovered) = lab.open(SMALL).unwrap();
    let first = frames(&recovered);
    let lsn = journal.append(parts(b"since")).unwrap().lsn;
    journal.durability().reached(lsn).wait_blocking().unwrap();
    assert_eq!(first.len(), 4);
    assert_eq!(frames(&recovered), first);
}

/// Entries of every length, so that they fill several segments and the longer ones need more than one read.
fn entry_of(number: u64) -> Vec<u8> {
    let length = [0, 7, 900, 1100, 40_000][(number % 5) as usize];
    (0..length).map(|at| (number + at) as u8).collect()
}

fn every_entry_is_found_again_by_its_place_while_the_writer_goes_on<L: Lab>() {
    let lab = L::new();
    let mut wanted: Vec<(Place, Lsn, u128, Vec<u8>)> = Vec::new();
    for life in 0..3_u64 {
        let (journal, recovered) = lab.open(SMALL).unwrap();
        let places: Vec<_> = frames(&recovered).iter().map(|f| f.place).collect();
        let known: Vec<_> = wanted.iter().map(|(place, ..)| *place).collect();
        assert_eq!(places, known, "recovery finds them where they were put");
        for number in life * 40 + 1..=life * 40 + 40 {
            let (covered, personal) = (entry_of(number), entry_of(number / 2));
            let parts = Parts {
                stream: u128::from(number % 3),
                covered: &covered,
                personal: &personal[..personal.len().min(2000)],
            };
            let taken = loop {
                match journal.append(parts) {
                    Ok(taken) => break taken,
                    Err(Refused::Full) => std::thread::yield_now(),
                    Err(refused) => panic!("{refused}"),
                }
            };
            assert_eq!(taken.lsn, Lsn(number));
            wanted.push((taken.place, taken.lsn, parts.stream, covered));
            // The writer has the newest entries in hand; everything older is read beneath it.
            let durable = journal.durability().watermark().0 as usize;
            let (place, lsn, ..) = wanted[durable.max(1) - 1];
            if durable > 0 {
                assert_eq!(journal.recall(place).unwrap().lsn, lsn);
            }
        }
        journal.barrier().wait_blocking().unwrap();
        for (place, lsn, stream, covered) in &wanted {
            let recalled = journal.recall(*place).unwrap();
            assert_eq!((recalled.lsn, recalled.stream), (*lsn, *stream));
            assert_eq!(&recalled.covered, covered);
        }
        drop(recovered);
        journal.close().unwrap();
    }
    let segments = wanted.last().unwrap().0.segment;
    assert!(segments > 5, "{segments} segments");
}

fn a_stream_s_rows_lead_to_its_entries_and_to_no_others<L: Lab>() {
    let lab = L::new();
    let (journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!(recovered.streams(), []);
    for number in 0..60 {
        let (covered, personal) = (entry_of(number), entry_of(number / 2));
        taken(
            &journal,
            Parts {
                stream: u128::from(number % 3) * 7,
                covered: &covered,
                personal: &personal[..personal.len().min(2000)],
            },
        );
    }
    drop(recovered);
    journal.close().unwrap();
    let (journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!(recovered.streams(), [0, 7, 14]);
    assert_eq!(recovered.rows(8, Lsn::ZERO).unwrap(), []);
    let all = frames(&recovered);
    for stream in recovered.streams() {
        let of_stream = all.iter().filter(|frame| frame.stream == stream);
        let wanted: Vec<_> = of_stream.cloned().collect();
        for after in [0, 1, 30, 59, 60, 61].map(Lsn) {
            let rows = recovered.rows(stream, after).unwrap();
            let found: Vec<_> = rows
                .iter()
                .map(|row| recovered.read(row.place).unwrap())
                .collect();
            let wanted: Vec<_> = wanted.iter().filter(|frame| frame.lsn > after).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted);
            let positions = rows.iter().map(|row| row.lsn);
            assert!(positions.eq(found.iter().map(|frame| frame.lsn)));
        }
        assert_eq!(journal.read(wanted[0].place).unwrap(), wanted[0]);
    }
}

fn a_place_that_holds_no_whole_entry_is_damage_and_no_entry<L: Lab>() {
    let lab = L::new();
    let (journal, _) = lab.open(SMALL).unwrap();
    let taken = journal.append(parts(b"kept")).unwrap();
    journal.barrier().wait_blocking().unwrap();
    let beside = Place {
        offset: taken.place.offset + 1,
        ..taken.place
    };
    let beyond = Place {
        offset: 1 << 40,
        ..taken.place
    };
    for place in [beside, beyond, Place::default()] {
        assert!(journal.recall(place).is_err(), "{place:?}");
    }
    let mut bytes = lab.read(taken.place.segment);
    let last = taken.place.offset as usize + 44;
    bytes[last] ^= 1;
    lab.replace(taken.place.segment, &bytes);
    assert!(matches!(
        journal.recall(taken.place),
        Err(Error::Corrupt { .. })
    ));
}

fn a_closed_journal_recalls_nothing_and_keeps_no_directory<L: Lab>() {
    let lab = L::new();
    let (journal, recovered) = lab.open(SMALL).unwrap();
    let place = journal.append(parts(b"kept")).unwrap().place;
    let other = journal.clone();
    drop(recovered);
    journal.close().unwrap();
    assert!(matches!(other.recall(place), Err(Error::Closed)));
    let (again, _) = lab.open(SMALL).unwrap();
    assert_eq!(again.recall(place).unwrap().covered, b"kept");
}

#[test]
fn two_journals_in_one_directory_are_refused() {
    let lab = Files::new();
    let held = lab.open(SMALL).unwrap();
    match lab.open(SMALL) {
        Err(Error::Locked { directory }) => {
            assert_eq!(directory, lab.0.path().display().to_string())
        }
        other => panic!("{other:?}"),
    }
    held.0.close().unwrap();
    drop(held.1);
    lab.open(SMALL).unwrap();
}

#[test]
fn a_half_made_segment_is_no_segment() {
    let lab = Files::new();
    std::fs::write(lab.0.path().join("0000000001.journal.new"), [0; 10]).unwrap();
    let (journal, recovered) = lab.open(SMALL).unwrap();
    assert_eq!(recovered.survey.frames, 0);
    journal.append(parts(b"first")).unwrap();
    journal.close().unwrap();
}

#[test]
fn options_that_cannot_work_are_named() {
    for (options, wanted) in [
        (
            Options {
                segment_bytes: 1000,
                ..SMALL
            },
            "segment_bytes",
        ),
        (
            Options {
                queue_bytes_max: 1000,
                ..SMALL
            },
            "queue_bytes_max",
        ),
        (
            Options {
                queue_entries_max: 0,
                ..SMALL
            },
            "queue_entries_max",
        ),
        (
            Options {
                epoch_at_least: 0,
                ..SMALL
            },
            "epoch_at_least",
        ),
    ] {
        match Memory::new().open(options) {
            Err(Error::Option { name, .. }) => assert_eq!(name, wanted),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_bytes_open_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..600), zeros in 0..300_usize) {
        let mut content = bytes;
        content.resize(content.len() + zeros, 0);
        open_or_refuse(content);
    }

    #[test]
    fn any_damage_to_a_journal_opens_or_is_refused(
        patches in prop::collection::vec((0..900_usize, prop::collection::vec(any::<u8>(), 1..40)), 1..4),
        kept in 0..1200_usize,
    ) {
        let mut content = Image::new(&[1, 2, 3]).bytes;
        for (at, patch) in patches {
            content[at..at + patch.len()].copy_from_slice(&patch);
        }
        content.truncate(kept);
        open_or_refuse(content);
    }
}

/// Opens whatever it is; if that succeeds, all that was counted is readable and the journal goes on.
fn open_or_refuse(content: Vec<u8>) {
    let lab = Memory::new();
    lab.replace(1, &content);
    let Ok((journal, recovered)) = lab.open(SMALL) else {
        return;
    };
    assert_eq!(frames(&recovered).len() as u64, recovered.survey.frames);
    assert_eq!(damages(&recovered), recovered.survey.damages);
    let lsn = append_when_there_is_room(&journal, b"after");
    assert_eq!(lsn, recovered.survey.head.next());
    journal.close().unwrap();
    assert_eq!(survey(&lab.0).unwrap().head, lsn);
}

/// Changes a segment's header and makes its checksum hold again.
fn with_header(bytes: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    change(&mut bytes[..HEADER]);
    let mut checked = bytes[..12].to_vec();
    checked.extend_from_slice(&bytes[16..HEADER]);
    bytes[12..16].copy_from_slice(&crc32fast::hash(&checked).to_le_bytes());
    bytes
}

const PERSONAL: &[u8] = b"a name";

/// A segment of small entries whose groups have the given sizes.
struct Image {
    bytes: Vec<u8>,
    frames: Vec<std::ops::Range<usize>>,
}

impl Image {
    fn new(groups: &[u64]) -> Image {
        let storage = MemoryStorage::new();
        let (journal, _) = Journal::open(Box::new(storage.clone()), SMALL).unwrap();
        append_groups(&storage, &journal, groups);
        journal.close().unwrap();
        let (_journal, recovered) = Journal::open(Box::new(storage.clone()), SMALL).unwrap();
        let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
        for frame in frames(&recovered) {
            let start = frame.place.offset as usize;
            let end = start + 44 + 32 + frame.covered.len() + PERSONAL.len();
            assert!(ranges.last().is_none_or(|previous| previous.end == start));
            ranges.push(start..end);
        }
        let total: u64 = groups.iter().sum();
        assert_eq!(ranges.len() as u64, total);
        Image {
            bytes: storage.read(1).unwrap(),
            frames: ranges,
        }
    }

    fn end(&self) -> usize {
        self.frames.last().unwrap().end
    }
}

/// Each group queues while the one before it is held in its sync, so the writer must take it as a whole.
fn append_groups(storage: &MemoryStorage, journal: &Journal, groups: &[u64]) {
    assert_eq!(groups[0], 1, "an idle writer takes the first entry alone");
    storage.hold_syncs();
    journal
        .append(Parts {
            stream: 5,
            covered: b"first",
            personal: PERSONAL,
        })
        .unwrap();
    storage.wait_for_held_sync();
    for entries in &groups[1..] {
        for _ in 0..*entries {
            journal
                .append(Parts {
                    stream: 5,
                    covered: b"next",
                    personal: PERSONAL,
                })
                .unwrap();
        }
        storage.release_one_sync();
        storage.wait_for_held_sync();
    }
    storage.release_syncs();
    journal.barrier().wait_blocking().unwrap();
}

pub fn parts(covered: &[u8]) -> Parts<'_> {
    Parts {
        stream: 1,
        covered,
        personal: b"",
    }
}

pub fn frames(recovered: &Recovered) -> Vec<Frame> {
    let found = recovered.frames().unwrap().map(Result::unwrap);
    let frames = found.filter_map(|found| match found {
        Found::Frame(frame) => Some(frame),
        Found::Damage(_) => None,
    });
    frames.collect()
}

pub fn damages(recovered: &Recovered) -> Vec<Damage> {
    let found = recovered.frames().unwrap().map(Result::unwrap);
    let damages = found.filter_map(|found| match found {
        Found::Damage(damage) => Some(damage),
        Found::Frame(_) => None,
    });
    damages.collect()
}

/// Small segments fill faster than the next one is made; a caller would be told to try again.
fn taken(journal: &Journal, parts: Parts<'_>) -> Lsn {
    loop {
        match journal.append(parts) {
            Ok(taken) => return taken.lsn,
            Err(Refused::Full) => std::thread::yield_now(),
            Err(refused) => panic!("{refused}"),
        }
    }
}

pub fn append_when_there_is_room(journal: &Journal, covered: &[u8]) -> Lsn {
    taken(journal, parts(covered))
}
