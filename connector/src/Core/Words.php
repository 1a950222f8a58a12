<?php
/**
 * The 256 words of the pairing check, in the order of contract/words.json. A test compares the two.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Words {

	public const LIST = array(
		'acorn', 'actor', 'album', 'alley', 'amber', 'anchor', 'angle', 'ankle',
		'apple', 'apron', 'arena', 'armor', 'arrow', 'artist', 'atlas', 'autumn',
		'avenue', 'badge', 'bagel', 'baker', 'bamboo', 'banana', 'banjo', 'barley',
		'barrel', 'basil', 'basket', 'beard', 'beaver', 'bench', 'berry', 'bird',
		'biscuit', 'blanket', 'blossom', 'book', 'bottle', 'bowl', 'branch', 'bread',
		'brick', 'bridge', 'broom', 'brush', 'bubble', 'bucket', 'buffalo', 'butter',
		'button', 'cabin', 'cactus', 'camel', 'camera', 'canal', 'candle', 'canoe',
		'canyon', 'captain', 'carbon', 'carpet', 'carrot', 'castle', 'cedar', 'celery',
		'chalk', 'cheese', 'cherry', 'chess', 'chimney', 'circle', 'citrus', 'cliff',
		'clock', 'cloud', 'clover', 'cobra', 'cocoa', 'coffee', 'compass', 'copper',
		'coral', 'cotton', 'crater', 'crayon', 'cricket', 'crown', 'crystal', 'curtain',
		'dancer', 'desert', 'diamond', 'dinner', 'dolphin', 'donkey', 'dragon', 'drawer',
		'dream', 'drum', 'duck', 'eagle', 'earth', 'easel', 'echo', 'eclipse',
		'elbow', 'emerald', 'engine', 'falcon', 'farmer', 'feather', 'ferry', 'fiddle',
		'finger', 'flag', 'flame', 'flute', 'forest', 'fossil', 'frost', 'fruit',
		'galaxy', 'garden', 'garlic', 'ginger', 'giraffe', 'glacier', 'glove', 'goblet',
		'grape', 'gravel', 'guitar', 'hammer', 'harbor', 'harvest', 'hazel', 'hedge',
		'helmet', 'honey', 'horizon', 'horse', 'igloo', 'island', 'ivory', 'jacket',
		'jaguar', 'jelly', 'jewel', 'jungle', 'kettle', 'kitchen', 'ladder', 'lagoon',
		'lake', 'lantern', 'lemon', 'leopard', 'library', 'lion', 'lizard', 'lobster',
		'lotus', 'lumber', 'magnet', 'mango', 'maple', 'marble', 'market', 'meadow',
		'melon', 'mirror', 'monkey', 'museum', 'napkin', 'needle', 'oasis', 'ocean',
		'olive', 'onion', 'orange', 'orchard', 'orchid', 'otter', 'oyster', 'paddle',
		'palace', 'panda', 'paper', 'parade', 'parrot', 'peach', 'peanut', 'pebble',
		'pelican', 'pencil', 'pepper', 'piano', 'pickle', 'pigeon', 'pillow', 'pilot',
		'planet', 'plum', 'pocket', 'potato', 'prairie', 'pumpkin', 'puzzle', 'quartz',
		'rabbit', 'raccoon', 'railway', 'rainbow', 'raven', 'ribbon', 'river', 'robin',
		'rocket', 'saddle', 'salmon', 'sandal', 'saturn', 'school', 'shadow', 'shark',
		'shelter', 'silver', 'spider', 'spoon', 'statue', 'stone', 'summer', 'sunset',
		'table', 'teapot', 'temple', 'thunder', 'tiger', 'timber', 'tomato', 'tractor',
		'trumpet', 'tulip', 'tunnel', 'turtle', 'valley', 'velvet', 'violin', 'volcano',
		'wagon', 'walnut', 'willow', 'window', 'winter', 'wizard', 'zebra', 'zipper',
	);
}
