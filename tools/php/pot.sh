#!/bin/sh
# Writes connector/languages/presswarden-connector.pot from the sources (needs GNU gettext). The file is built, never edited.
set -eu
cd "$(dirname "$0")/../../connector"
find presswarden-connector.php src -name '*.php' | LC_ALL=C sort | xgettext --files-from=- --output=- --language=PHP --from-code=UTF-8 \
	--keyword=__:1 --keyword=_e:1 --keyword=esc_html__:1 --keyword=esc_attr__:1 --keyword=_n:1,2 --keyword=_x:1,2c --add-comments=translators \
	--package-name='Presswarden Connector' --no-wrap |
	sed -e '/^"POT-Creation-Date:/d' -e 's/charset=CHARSET/charset=UTF-8/' >languages/presswarden-connector.pot
