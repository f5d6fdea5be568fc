//! Product pictures: decoded within limits, made anew as JPEG in up to three sizes (nothing of the
//! file that came in survives but what is seen), and written to `media/` before any record names them.

use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use tokio::sync::Semaphore;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::records::{PICTURE_DIGESTS, PICTURES, Picture, PictureRef, PictureRow};
use crate::digest;
use crate::disk::Disk;
use crate::ids::PictureId;
use crate::locale::Text;
use crate::refusal::Refusal;
use crate::shop::Shop;
use crate::store::{Decided, Plan, Stop, StoreError, StoreResult, View};

/// The widths that a picture is kept in, as far as it is that wide.
const WIDTHS: [u32; 3] = [400, 800, 1600];
/// No side of a picture that comes in is longer.
const LONGEST_SIDE: u32 = 8000;
/// The memory that decoding one picture may take.
const MOST_MEMORY: u64 = 64 << 20;
const QUALITY: u8 = 85;

/// The size a picture of this size has in the file for `width`: as wide as that at most, and not
/// more than twice as high.
fn fit(size: (u32, u32), width: u32) -> (u32, u32) {
    let (w, h) = (u64::from(size.0.max(1)), u64::from(size.1.max(1)));
    let (most_w, most_h) = (u64::from(width), 2 * u64::from(width));
    if w <= most_w && h <= most_h {
        return (size.0.max(1), size.1.max(1));
    }
    // Whichever side is further over its limit decides.
    let (across, down) = if w * most_h >= h * most_w {
        (most_w, (h * most_w / w).max(1))
    } else {
        ((w * most_h / h).max(1), most_h)
    };
    // Both are at most twice `width`, which is a u32 with room to spare.
    (u32::try_from(across).unwrap_or(width), u32::try_from(down).unwrap_or(width))
}

impl Picture {
    /// The files of this picture, smallest first: the width in the name, and the real size.
    pub fn files(&self) -> Vec<(u32, u32, u32)> {
        let mut files: Vec<(u32, u32, u32)> = Vec::new();
        for width in WIDTHS {
            let (w, h) = fit((self.width, self.height), width);
            if files.last().is_none_or(|last| (last.1, last.2) != (w, h)) {
                files.push((width, w, h));
            }
        }
        files
    }

    /// The file for places of this width: its address and size.
    pub fn file(&self, width: u32) -> (String, u32, u32) {
        let files = self.files();
        // There is always the smallest.
        let found = files.iter().rev().find(|file| file.0 <= width).or(files.first());
        let (name, w, h) = found.copied().unwrap_or((WIDTHS[0], self.width, self.height));
        (address(self.id, name), w, h)
    }

    /// All files with their widths, for `srcset`; empty if there is only one.
    pub fn srcset(&self) -> String {
        let files = self.files();
        if files.len() < 2 {
            return String::new();
        }
        let entries = files.iter().map(|(name, w, _)| format!("{} {w}w", address(self.id, *name)));
        entries.collect::<Vec<_>>().join(", ")
    }
}

fn address(id: PictureId, width: u32) -> String {
    format!("/media/{}", file_name(id, width))
}

pub(super) fn file_name(id: PictureId, width: u32) -> String {
    format!("{id}-{width}.jpg")
}

/// Reads a name that [`file_name`] wrote, and no other.
pub(super) fn parse_file_name(name: &str) -> Option<(PictureId, u32)> {
    let (id, width) = name.strip_suffix(".jpg")?.split_once('-')?;
    let width = WIDTHS.into_iter().find(|known| known.to_string() == width)?;
    Some((PictureId::parse(id)?, width))
}

pub(super) fn folder(dir: &Path) -> PathBuf {
    dir.join("media")
}

/// Why a file was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unreadable {
    NoPicture,
    TooLarge,
    Broken,
}

impl Unreadable {
    pub const fn text(self) -> Text {
        match self {
            Self::NoPicture => Text::new(
                "This is not a picture that can be shown. Use JPEG, PNG, WebP or GIF.",
                "无法识别该图片，请使用 JPEG、PNG、WebP 或 GIF 格式。",
            ),
            Self::TooLarge => Text::new(
                "This picture is too large. Use at most 8000 pixels a side and 20 megapixels.",
                "图片尺寸过大，每边最多 8000 像素，总计不超过 2000 万像素。",
            ),
            Self::Broken => Text::new(
                "This picture is damaged. Save it again and try once more.",
                "图片文件已损坏，请重新保存后再上传。",
            ),
        }
    }
}

/// A picture made anew: its largest size, and its files by the width in their names.
pub(super) struct Encoded {
    size: (u32, u32),
    files: Vec<(u32, Vec<u8>)>,
}

/// Decodes a picture, whatever its name said, and makes its files.
pub(super) fn encode(bytes: &[u8]) -> Result<Encoded, Unreadable> {
    let picture = on_white(decode(bytes)?);
    let size = fit((picture.width(), picture.height()), WIDTHS[WIDTHS.len() - 1]);
    let whole = Picture { id: PictureId([0; 16]), width: size.0, height: size.1 };
    let mut files = Vec::new();
    let mut at_hand = picture;
    // From the largest to the smallest, each made from the one before.
    for (name, w, h) in whole.files().into_iter().rev() {
        at_hand = shrink(at_hand, w, h);
        let mut file = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut file, QUALITY);
        at_hand.write_with_encoder(encoder).map_err(|_| Unreadable::Broken)?;
        files.push((name, file));
    }
    Ok(Encoded { size, files })
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, Unreadable> {
    let guessed = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = guessed.map_err(|_| Unreadable::NoPicture)?;
    let taken = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];
    if !reader.format().is_some_and(|format| taken.contains(&format)) {
        return Err(Unreadable::NoPicture);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| reason(&error))?;
    let (width, height) = decoder.dimensions();
    if width > LONGEST_SIDE || height > LONGEST_SIDE || decoder.total_bytes() > MOST_MEMORY {
        return Err(Unreadable::TooLarge);
    }
    let turned = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| reason(&error))?;
    if let Some(turned) = turned {
        picture.apply_orientation(turned);
    }
    Ok(picture)
}

fn reason(error: &image::ImageError) -> Unreadable {
    match error {
        image::ImageError::Limits(_) => Unreadable::TooLarge,
        image::ImageError::Unsupported(_) => Unreadable::NoPicture,
        _ => Unreadable::Broken,
    }
}

/// JPEG knows no transparency: what shines through is white, as the page is.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8().into();
    }
    let picture = picture.into_rgba8();
    let flat = RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over_white = |colour: u8| {
            let mixed = (u32::from(colour) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        image::Rgb([over_white(red), over_white(green), over_white(blue)])
    });
    flat.into()
}

fn shrink(picture: DynamicImage, width: u32, height: u32) -> DynamicImage {
    if (picture.width(), picture.height()) == (width, height) {
        return picture;
    }
    // Far down, averaging whole blocks first is as good and many times faster.
    let (twice_w, twice_h) = (width.saturating_mul(2), height.saturating_mul(2));
    if picture.width() > twice_w && picture.height() > twice_h {
        let halfway = picture.thumbnail_exact(twice_w, twice_h);
        return halfway.resize_exact(width, height, FilterType::CatmullRom);
    }
    picture.resize_exact(width, height, FilterType::CatmullRom)
}

/// Writes the files of a picture; they are on disk when this returns, but for [`Disk::sync_dir`].
pub(super) fn write_files(disk: &dyn Disk, dir: &Path, id: PictureId, encoded: &Encoded) -> io::Result<()> {
    let folder = folder(dir);
    if disk.len(&folder)?.is_none() {
        disk.make_dir(&folder)?;
        disk.sync_dir(dir)?;
    }
    for (width, bytes) in &encoded.files {
        let path = folder.join(file_name(id, *width));
        disk.create_new(&path)?;
        disk.write_at(&path, 0, bytes)?;
        disk.sync(&path)?;
    }
    Ok(())
}

/// Removes the files of a picture that no record names; what is left over harms nobody.
pub(super) fn remove_files(disk: &dyn Disk, dir: &Path, id: PictureId) {
    for width in WIDTHS {
        let path = folder(dir).join(file_name(id, width));
        let removed = match disk.len(&path) {
            Ok(Some(_)) => disk.remove(&path),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "a picture that is no longer shown could not be removed");
        }
    }
}

/// The picture that was made from this very content before.
pub(super) fn known(view: &View<'_>, digest: &[u8; 32]) -> StoreResult<Option<Picture>> {
    let Some(found) = view.get(&PICTURE_DIGESTS, digest)? else { return Ok(None) };
    Ok(view.get(&PICTURES, &found.picture)?.map(|row| row.picture))
}

/// A picture whose files are written and that no record names yet.
pub(super) struct Prepared {
    pub picture: Picture,
    pub digest: [u8; 32],
}

/// Makes the files of a picture and writes them. The folder is still to be synced.
///
/// # Errors
/// Inside, why it is no picture to show; outside, why it could not be written.
pub(super) fn prepare(shop: &Shop, bytes: &[u8]) -> io::Result<Result<Prepared, Unreadable>> {
    let encoded = match encode(bytes) {
        Ok(encoded) => encoded,
        Err(why) => return Ok(Err(why)),
    };
    let id = PictureId::new(shop.clock.now(), &*shop.random);
    if let Err(error) = write_files(&*shop.disk, &shop.dir, id, &encoded) {
        remove_files(&*shop.disk, &shop.dir, id);
        return Err(error);
    }
    let (width, height) = encoded.size;
    Ok(Ok(Prepared { picture: Picture { id, width, height }, digest: digest::sha256(bytes) }))
}

/// Notes a picture; the one that is known by this content, if another upload was faster.
pub(super) fn record(plan: &mut Plan<'_>, prepared: &Prepared) -> StoreResult<Picture> {
    if let Some(known) = known(plan, &prepared.digest)? {
        return Ok(known);
    }
    let picture = prepared.picture;
    plan.put(&PICTURES, &picture.id, &PictureRow { picture, digest: prepared.digest })?;
    plan.put(&PICTURE_DIGESTS, &prepared.digest, &PictureRef { picture: picture.id })?;
    Ok(picture)
}

pub(super) fn forget(plan: &mut Plan<'_>, id: PictureId) -> StoreResult<()> {
    if let Some(row) = plan.get(&PICTURES, &id)? {
        plan.delete(&PICTURE_DIGESTS, &row.digest)?;
        plan.delete(&PICTURES, &id)?;
    }
    Ok(())
}

/// Pictures are decoded one at a time.
struct Decoding(Semaphore);

impl Default for Decoding {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

/// Takes in a picture: decoded within limits, one at a time, made anew and stored.
///
/// # Errors
/// A refusal on the field `picture` if it is no picture that can be shown.
pub async fn store_picture(shop: &Shop, bytes: Vec<u8>) -> Decided<Picture> {
    if let Some(known) = known(&shop.store.view()?, &digest::sha256(&bytes))? {
        return Ok(known);
    }
    let closed = || Stop::Failed(StoreError::Closed);
    let decoding = shop.of::<Decoding>();
    let permit = decoding.0.acquire().await.map_err(|_| closed())?;
    let worker = shop.clone();
    let work = move || -> StoreResult<Result<Prepared, Unreadable>> {
        let prepared = prepare(&worker, &bytes)?;
        if prepared.is_ok() {
            worker.disk.sync_dir(&folder(&worker.dir))?;
        }
        Ok(prepared)
    };
    // A decoder that panics on a crafted file spoils this upload only.
    let done = tokio::task::spawn_blocking(work).await.unwrap_or(Ok(Err(Unreadable::Broken)));
    drop(permit);
    let prepared = done?.map_err(|why| Refusal::field("picture", why.text()))?;
    let written = prepared.picture.id;
    let kept = shop.store.commit(move |plan| Ok(record(plan, &prepared)?)).await;
    // After a failed commit the files stay: it may have been stored all the same.
    if kept.as_ref().is_ok_and(|kept| kept.id != written) {
        remove_files_later(shop, written);
    }
    kept
}

/// Removes the files of a picture off the async threads.
pub(super) fn remove_files_later(shop: &Shop, id: PictureId) {
    let shop = shop.clone();
    tokio::task::spawn_blocking(move || remove_files(&*shop.disk, &shop.dir, id));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).expect("a picture in memory is written");
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_kept_in_the_widths_it_has() {
        let picture = |width, height| Picture { id: PictureId([1; 16]), width, height };
        assert_eq!(picture(300, 200).files(), [(400, 300, 200)]);
        assert_eq!(picture(1000, 500).files(), [(400, 400, 200), (800, 800, 400), (1600, 1000, 500)]);
        assert_eq!(fit((8000, 1), 400), (400, 1));
        assert_eq!(fit((300, 8000), 400), (30, 800));
        assert_eq!(picture(300, 200).srcset(), "");
    }

    #[test]
    fn what_shines_through_is_white_and_the_size_is_kept() {
        let clear =
            DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(900, 450, image::Rgba([9, 9, 9, 0])));
        let encoded = encode(&png(&clear)).expect("a picture");
        assert_eq!(encoded.size, (900, 450));
        let widths: Vec<u32> = encoded.files.iter().map(|(width, _)| *width).collect();
        assert_eq!(widths, [1600, 800, 400]);
        let smallest = image::load_from_memory(&encoded.files[2].1).expect("a JPEG").into_rgb8();
        assert_eq!(smallest.dimensions(), (400, 200));
        assert!(smallest.get_pixel(200, 100).0.iter().all(|colour| *colour > 250));
    }

    #[test]
    fn what_is_no_picture_is_not_taken() {
        assert_eq!(encode(b"<svg/>").err(), Some(Unreadable::NoPicture));
        assert_eq!(encode(b"").err(), Some(Unreadable::NoPicture));
        let whole = png(&DynamicImage::new_rgb8(64, 64));
        assert_eq!(encode(&whole[..whole.len() / 2]).err(), Some(Unreadable::Broken));
        let wide = png(&DynamicImage::new_rgb8(LONGEST_SIDE + 1, 1));
        assert_eq!(encode(&wide).err(), Some(Unreadable::TooLarge));
    }

    /// CRC-32, as it stands behind each chunk of a PNG.
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }

    /// A PNG whose head says another size than its body has.
    fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = png(&DynamicImage::new_rgb8(1, 1));
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    #[test]
    fn a_small_file_that_claims_to_be_huge_is_refused_by_its_head() {
        for (width, height) in [(65_535, 65_535), (u32::MAX >> 1, 1), (8000, 8000), (1, 20_000)] {
            let refused = encode(&png_that_claims(width, height)).err();
            assert!(matches!(refused, Some(Unreadable::TooLarge | Unreadable::Broken)), "{width} x {height}");
        }
        assert!(encode(&png_that_claims(0, 7)).is_err());
        assert!(encode(&png_that_claims(1, 1)).is_ok(), "the same bytes with an honest head");
        // A GIF's head, and no more than that.
        let gif = [b"GIF89a".as_slice(), &[0xff; 4], &[0, 0, 0]].concat();
        assert!(encode(&gif).is_err());
        // A JPEG's frame of 65,500 pixels a side.
        let mut jpeg = Vec::new();
        let encoder = JpegEncoder::new(&mut jpeg);
        DynamicImage::new_rgb8(8, 8).write_with_encoder(encoder).expect("a JPEG");
        let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).expect("a frame");
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        assert_eq!(encode(&jpeg).err(), Some(Unreadable::TooLarge));
    }

    #[test]
    fn of_a_picture_that_is_also_something_else_only_the_picture_is_kept() {
        let marker = b"<script>alert(4711)</script>";
        let mut bytes = png(&DynamicImage::new_rgb8(40, 40));
        // A comment within, and a page behind.
        let text = [b"tEXtComment\0".as_slice(), marker].concat();
        let mut chunk = u32::try_from(text.len() - 4).expect("short").to_be_bytes().to_vec();
        chunk.extend_from_slice(&text);
        chunk.extend_from_slice(&crc(&text).to_be_bytes());
        bytes.splice(33..33, chunk);
        bytes.extend_from_slice(marker);
        let encoded = encode(&bytes).expect("a picture");
        for (_, file) in &encoded.files {
            assert!(file.starts_with(&[0xff, 0xd8]), "a JPEG of our own making");
            assert!(!file.windows(marker.len()).any(|window| window == marker));
        }
        for other in [b"BM\0\0\0\0".as_slice(), b"II*\0\x08\0\0\0", b"%PDF-1.4", b"<html><img src=x>", marker]
        {
            assert_eq!(encode(other).err(), Some(Unreadable::NoPicture), "{other:?}");
        }
    }

    #[test]
    fn whatever_bits_are_flipped_a_picture_is_made_anew_or_refused() {
        let whole = png(&DynamicImage::new_rgb8(30, 20));
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 1 << (at % 8);
            // Neither a panic nor a hang.
            let _ = encode(&broken);
            let _ = encode(&whole[..at]);
        }
    }

    #[test]
    fn only_names_of_pictures_lead_to_files() {
        let id = PictureId([7; 16]);
        assert_eq!(parse_file_name(&file_name(id, 800)), Some((id, 800)));
        for name in ["", "../shop.redb", "a-800.jpg", "07070707070707070707070707070707-801.jpg", "x"] {
            assert_eq!(parse_file_name(name), None, "{name:?}");
        }
    }
}
