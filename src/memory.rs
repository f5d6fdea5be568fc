//! The allocator: mimalloc, with which a whole order takes a quarter less of processor than with the one
//! of the C library, and which holds less between orders if it is told to give back what is free.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Gives what is free back to the system. By itself the allocator only does so while it is being used,
/// so that a shop at rest would hold what its start or its last rush took: pages of a file that was
/// read, 19 MiB for each password that was hashed.
pub fn give_back() {
    // SAFETY: it may be called at any time by any thread, takes no pointer and keeps none.
    unsafe { libmimalloc_sys::mi_collect(true) };
}
