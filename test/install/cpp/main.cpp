/* SPDX-License-Identifier: MIT */
/*
 * The header in C++, with owners in the manner of that language.
 */
#include <cstdio>
#include <cstring>
#include <memory>

#include <barcache.h>

struct close_cache {
	void operator()(bc_cache *cache) const { bc_close(cache); }
};

int
main(int argc, char **argv)
{
	bc_options options = {};
	bc_cache *opened = nullptr;
	bc_error err = {};
	bc_view view = {};

	if (argc != 2 || std::strcmp(bc_version(), BC_VERSION_STRING) != 0)
		return 2;
	options.struct_size = sizeof(options);
	options.flags = BC_OPEN_CREATE;
	bc_status status = bc_open(argv[1], &options, &opened, &err);
	std::unique_ptr<bc_cache, close_cache> cache(opened);
	if (status == BC_OK)
		status = bc_put_blob(cache.get(), "blob", "bytes", 5, nullptr,
		                     &err);
	if (status != BC_OK) {
		std::fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	bool good = bc_get(cache.get(), "blob", &view) == BC_OK &&
	            view.bytes == 5 && std::memcmp(view.data, "bytes", 5) == 0;
	bc_view_release(&view);
	std::printf("barcache %s: %s\n", bc_version(), good ? "good" : "bad");
	return good ? 0 : 1;
}
